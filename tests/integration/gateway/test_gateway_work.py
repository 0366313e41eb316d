"""The work of a look-up tells no more than its answer: the store is asked the same and brings the same."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from hub.documents.rights import DocumentRights
from hub.documents.store import documents
from hub.dossier.decision import Sender
from hub.gateway import dossiers
from hub.gateway.context import GatewayContext
from hub.gateway.guard import CALLER
from hub.gateway.problems import ProblemError
from hub.regulation.lawbook import load_book
from hub.settings.documents import DocumentsSettings
from tests.support.gateways import Site, Visitor
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    CHECK,
    FORWARD,
    OFFICER,
    ONE_STOP,
    SUBMIT,
    acceptance,
    hand_check,
    submission,
)

ENTERPRISE = {"kind": "enterprise", "name": "Công ty TNHH Mẫu Thử", "tax_code": "0100233488"}
STRANGER = Sender("counter-stranger", frozenset({"counter"}), frozenset({"000.99.99.H07"}))


@dataclass
class Counted:
    """The database of the hub; keeps each statement and how many rows it brought."""

    database: Any
    done: list[tuple[str, int]] = field(default_factory=list)

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        rows: list[Any] = await self.database.fetch(query, *arguments)
        self.done.append((query, len(rows)))
        return rows

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None


async def looked_up(site: Site, subject: str, sender: Sender = STRANGER) -> list[tuple[str, int]]:
    """What a look-up of this dossier asks of the store."""
    counted = Counted(site.hub.database)
    parts = SimpleNamespace(pool=counted, key=site.hub.store_key, book=load_book())
    request = Request({"type": "http", CALLER: SimpleNamespace(sender=sender, name=sender.name)})
    if sender is not STRANGER:
        assert (await dossiers.answer(cast("GatewayContext", parts), request, subject)).status_code == 200
        return counted.done
    with pytest.raises(ProblemError) as refused:
        await dossiers.answer(cast("GatewayContext", parts), request, subject)
    assert refused.value.problem.code == "dossier.unknown"
    return counted.done


async def document_asked(site: Site, dossier: str | None) -> list[tuple[str, int]]:
    """What a look for a right by this dossier asks of the store."""
    counted, digest = Counted(site.hub.database), sha256(b"of another").hexdigest()
    store = documents(DocumentsSettings(folder=site.documents))
    rights = DocumentRights(counted, store, site.hub.store_key, STRANGER, dossier)
    assert await rights.lacking([digest]) == {digest}
    return counted.done


async def test_a_foreign_dossier_costs_the_same_statements_and_rows_as_none(
    site: Site, counter: Visitor
) -> None:
    receipt = await counter.receipt(SUBMIT, "ref:work-1", submission(applicant=ENTERPRISE))
    dossier = receipt["dossier"]
    assert (await counter.receipt(CHECK, dossier, hand_check(ENTERPRISE)))["facts"]
    accepted = await counter.receipt(ACCEPT, dossier, acceptance())
    assert accepted["facts"], accepted
    code = accepted["code"]
    assert (await counter.receipt(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY}))["facts"]
    by_id, by_code = await looked_up(site, dossier), await looked_up(site, code)
    assert by_id == await looked_up(site, str(uuid.uuid4()))
    assert by_code == await looked_up(site, code[:-4] + "9999")
    assert [rows for _, rows in by_id + by_code] == [0, 0]
    owner = Sender(counter.name, frozenset({"counter"}), frozenset({ONE_STOP}))
    assert len(await looked_up(site, code, owner)) == 2
    of_none = await document_asked(site, str(uuid.uuid4()))
    assert of_none == await document_asked(site, dossier) == await document_asked(site, None)
