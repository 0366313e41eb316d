"""Form 06 out of the store: page by page, while the page behind is read, with nothing opened in vain."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import orjson
import pytest

from hub.errors import AlteredRowError
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACTS_OF_DOSSIER
from hub.forms.form_set import installed_form_sets
from hub.forms.register import RegisterRow, register_row
from hub.forms.stored import CaseFiles
from hub.forms.stored_register import register_rows
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from schemas.base import Fact
from schemas.generate import EXAMPLES
from schemas.registry import FACTS
from tests.support.requests import ONE_STOP
from tests.support.stored_dossiers import StoredDossier, store_dossiers

MASTER = MasterKey(bytes(range(32)))
OTHER = "000.12.44.H07"
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
COUNT = 1_100
"""More than two pages."""


def stored(number: int) -> StoredDossier:
    """Three of four are of the one-stop; a minute lies between two of them."""
    begun = datetime(2026, 2, 2, 8, tzinfo=VIETNAM) + timedelta(minutes=number)
    return StoredDossier(number, begun, OTHER if number % 4 == 0 else ONE_STOP)


def cases() -> CaseFiles:
    return CaseFiles(load_book(), installed_form_sets(), Organisations())


def rows_of(store: Connection, one_stop: str = ONE_STOP) -> AsyncGenerator[RegisterRow]:
    return register_rows(store, MASTER, cases(), one_stop, FIRST, LAST)


async def filled(store: Connection, dossiers: Sequence[StoredDossier]) -> None:
    await store_dossiers(store, MASTER, [MASTER.new_key() for _ in range(3)], dossiers)


@pytest.mark.parametrize("one_stop", [ONE_STOP, OTHER])
async def test_all_dossiers_of_the_one_stop_stand_in_the_order_of_their_acceptance(
    store: Connection, one_stop: str
) -> None:
    dossiers = [stored(number) for number in range(COUNT)]
    await filled(store, dossiers[::-1])
    wanted = [
        f"{one.one_stop}-{one.begun:%y%m%d}-{one.number:04}" for one in dossiers if one.one_stop == one_stop
    ]
    assert [row.code async for row in rows_of(store, one_stop)] == wanted


def published(kind: str) -> Fact:
    """The example of a type, as it is published."""
    content = json.loads((EXAMPLES / f"onestop.{kind}.v1.json").read_text("utf-8"))
    return FACTS[f"onestop.{kind}.v1"].model_validate_json(json.dumps(content["data"]))


@pytest.mark.parametrize("more", [("result.returned",), ("dossier.declined",), ("dossier.withdrawn",)])
async def test_a_row_is_that_of_a_dossier_that_was_opened_wholly(
    store: Connection, more: tuple[str, ...]
) -> None:
    one = stored(1)
    facts = [(published(kind), one.begun + timedelta(days=3)) for kind in more]
    await filled(store, [replace(one, facts=facts)])
    (row,) = [row async for row in rows_of(store)]
    wrapped = await store.fetchval("select wrapped from dossier_key")
    case, _, words = cases().opened(await store.fetch(FACTS_OF_DOSSIER, one.id), wrapped, MASTER)
    assert row == register_row(case, words, is_erased=False)
    assert row.person.startswith("Nguyễn")
    assert (row.received_by != "") == (more == ("result.returned",))


async def test_a_dossier_of_another_that_names_the_one_stop_somewhere_is_not_listed(
    store: Connection,
) -> None:
    """The bytes that are looked for stand in its acceptance, and another has accepted it."""
    await filled(store, [stored(1), stored(4)])
    other = UUID(stored(4).id)
    row = await store.fetchrow(
        "select bytes from fact where dossier_id = $1 and type like '%accepted%'", other
    )
    assert row is not None
    body = orjson.loads(row["bytes"])
    content = orjson.dumps(body | {"data": body["data"] | {"before": {"organisation": ONE_STOP}}})
    hashed = sha256(content).digest()
    put = "update fact set bytes = $2, hash = $3, mac = $4 where dossier_id = $1 and type like '%accepted%'"
    await store.execute(put, other, content, hashed, MASTER.store.fact(hashed))
    assert [row.code async for row in rows_of(store)] == [f"{ONE_STOP}-260202-0001"]
    assert [row.code async for row in rows_of(store, OTHER)] == [f"{OTHER}-260202-0004"]


async def test_who_stops_reading_leaves_the_session_as_it_was(store: Connection) -> None:
    await filled(store, [stored(number) for number in range(COUNT)])
    async with aclosing(rows_of(store)) as rows:
        read = [await anext(rows) for _ in range(50)]
    assert len({row.code for row in read}) == 50
    assert not store.is_in_transaction()
    assert await store.fetchval("select 1") == 1


async def test_a_fact_that_was_altered_on_a_later_page_ends_the_register_with_its_name(
    store: Connection,
) -> None:
    await filled(store, [stored(number) for number in range(COUNT)])
    spoilt = stored(COUNT - 1).id
    await store.execute("update fact set mac = '' where dossier_id = $1 and sequence = 1", spoilt)
    with pytest.raises(AlteredRowError, match=spoilt):
        [row async for row in rows_of(store)]
    assert not store.is_in_transaction()
    assert await store.fetchval("select 1") == 1
