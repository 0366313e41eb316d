"""Facts that somebody wrote into the database as no JSON: they end nothing, and hold up nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from hub.documents.rights import DocumentRights
from hub.documents.store import documents
from hub.dossier.decision import Sender
from hub.engine.first_settlements import SettlementTeller
from hub.errors import AlteredRowError, UntrustedRowError
from hub.explaining.reading import read_page
from hub.facts.fact_bytes import rfc3339
from hub.facts.sealing import MasterKey
from hub.forms.stored import CaseFiles
from hub.forms.stored_register import register_rows
from hub.gateway.dossiers import _TOLD_BY_ID
from hub.kafka.producer import Producer
from hub.postgres.database import Connection
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from hub.settings.documents import DocumentsSettings
from tests.support.requests import AGENCY, ONE_STOP

MASTER = MasterKey(bytes(range(32)))
PAID = datetime(2026, 8, 3, 2, tzinfo=UTC)
QUARTER = "2026-Q3"
DEEP = b"[" * 100_000
UNREADABLE = [b"garbage", b"\xff\xfe", b"{", b'{"to": "\\u0000"}', b"", DEEP, b"[1]", b'{"data": 1e999999}']


async def written(
    store: Connection,
    dossier: str,
    sequence: int,
    kind: str,
    data: dict[str, Any],
    content: bytes | None = None,
) -> None:
    """A fact as the engine stores it; with `content` as somebody else has left it."""
    fact_id = str(uuid.uuid4())
    said = {"id": fact_id, "type": kind, "dossier": dossier, "sequence": sequence, "time": rfc3339(PAID)}
    by = {"source": "/participants/counter-a", "request": "r-1", "rules": [], "to": ["counter-a"]}
    genuine = orjson.dumps(said | by | {"data": data})
    hashed = sha256(genuine).digest()
    await store.execute(
        "insert into fact (dossier_id, sequence, id, type, time, bytes, hash, mac)"
        " values ($1::text::uuid, $2, $3::text::uuid, $4, $5, $6, $7, $8)",
        *(dossier, sequence, fact_id, kind, PAID, genuine if content is None else content, hashed),
        MASTER.store.fact(hashed),
    )


async def paid(store: Connection, agency: str, *contents: bytes | None) -> str:
    """A dossier whose fee was paid: submission and payment, as they are or as others left them."""
    dossier = str(uuid.uuid4())
    lodged = {"organisation": ONE_STOP, "agency": agency}
    submission, payment = contents or (None, None)
    await written(store, dossier, 1, "onestop.dossier.submitted.v1", lodged, submission)
    await written(store, dossier, 2, "onestop.payment.recorded.v1", {"status": "paid"}, payment)
    return dossier


def teller(told: Callable[[UntrustedRowError], None]) -> SettlementTeller:
    nobody = cast("Producer", None)
    book, key = load_book(), MASTER.store
    return SettlementTeller(nobody, book, topic="in.hub", environment="test", key=key, told=told)


@pytest.mark.parametrize("content", UNREADABLE)
async def test_a_fact_that_is_no_json_hides_no_pair_of_a_quarter_and_is_named(
    store: Connection, content: bytes
) -> None:
    await paid(store, AGENCY)
    await paid(store, AGENCY, None, content)
    altered = await paid(store, AGENCY, content, None)
    told: list[UntrustedRowError] = []
    found = await teller(told.append).collected(store, PAID.date(), QUARTER)
    assert [(one.organisation, one.agency) for one in found.values()] == [(ONE_STOP, AGENCY)]
    assert [altered in str(one) for one in told] == [True]


async def test_an_altered_submission_hides_its_pair_behind_itself_only(store: Connection) -> None:
    genuine = [await paid(store, AGENCY) for _ in range(5)]
    await paid(store, "000.12.38.H07")
    await paid(store, ONE_STOP)
    lowest = "update fact set mac = $1 where id = (select id from fact where sequence = 1 and dossier_id"
    await store.execute(f"{lowest} = any($2::uuid[]) order by id limit 1)", b"x" * 32, genuine)
    told: list[UntrustedRowError] = []
    found = await teller(told.append).collected(store, PAID.date(), QUARTER)
    assert {one.agency for one in found.values()} == {AGENCY, "000.12.38.H07"}
    assert len(told) == 1
    await store.execute(
        "update fact set mac = $1 where sequence = 1 and dossier_id = any($2)", b"x" * 32, genuine
    )
    found = await teller(told.append).collected(store, PAID.date(), QUARTER)
    assert {one.agency for one in found.values()} == {"000.12.38.H07"}
    assert len(told) == 6


@pytest.mark.parametrize("content", UNREADABLE)
async def test_a_fact_that_is_no_json_ends_no_look_for_a_right_and_no_look_up(
    store: Connection, tmp_path: Path, content: bytes
) -> None:
    dossier = await paid(store, AGENCY, None, content)
    sender, digest = Sender("counter-a", frozenset({"counter"}), frozenset({ONE_STOP})), "0" * 64
    kept = documents(DocumentsSettings(folder=tmp_path))
    assert await DocumentRights(store, kept, MASTER.store, sender, dossier).lacking([digest]) == {digest}
    assert len(await store.fetch(_TOLD_BY_ID, dossier, "counter-a")) == 1


@pytest.mark.parametrize("content", UNREADABLE[:6])
async def test_a_case_file_and_a_register_name_the_fact_that_is_no_json(
    store: Connection, content: bytes
) -> None:
    dossier = await paid(store, AGENCY, None, content)
    page = await read_page(store.fetch, MASTER.store, dossier, "counter-a", 0)
    assert [(one["sequence"], one["what"]) for one in page.entries] == [(1, "fact"), (2, "altered")]
    await written(store, dossier, 3, "onestop.dossier.accepted.v1", {"organisation": ONE_STOP}, content)
    cases = CaseFiles(load_book(), {}, Organisations())
    day = PAID.date()
    with pytest.raises(AlteredRowError, match=dossier):
        [row async for row in register_rows(store, MASTER, cases, ONE_STOP, day, day)]
