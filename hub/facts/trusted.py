"""Whether stored rows are what this hub has written."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from hub.errors import AlteredRowError
from hub.facts.checked import PARTICIPANT
from hub.facts.fact_bytes import rfc3339
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from hub.facts.untrusted import tell_untrusted
from hub.postgres.database import Connection, Session

FACT_COLUMNS = (
    "f.dossier_id::text as dossier, f.sequence, f.id::text as id, f.type, f.time, f.bytes, f.hash, f.mac"
)
"""What `is_fact_genuine` looks at, of the table `fact f`."""
FACTS_OF_DOSSIER = f"select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid order by f.sequence"  # noqa: S608  our text
"""All facts of one, in their order."""


def is_fact_genuine(row: asyncpg.Record, key: StoreKey) -> bool:
    """A fact's hash fits its bytes, its check the hash, and its columns say what the bytes say."""
    return genuine_body(row, key) is not None


def genuine_body(row: asyncpg.Record, key: StoreKey) -> dict[str, Any] | None:
    """What a genuine fact says, with its personal fields sealed; None for one that was altered."""
    if sha256(row["bytes"]).digest() != row["hash"] or key.fact(row["hash"]) != row["mac"]:
        return None
    body: dict[str, Any] = orjson.loads(row["bytes"])
    said = (body["dossier"], body["sequence"], body["id"], body["type"], body["time"])
    stored = (row["dossier"], row["sequence"], row["id"], row["type"], rfc3339(row["time"]))
    return body if said == stored else None


def fact_name(row: asyncpg.Record) -> str:
    """How a fact's row is named to operators."""
    return f"fact {row['dossier']} {row['sequence']}"


def is_receipt_genuine(row: asyncpg.Record, key: StoreKey) -> bool:
    """An inbox row with `participant`, `id`, `digest`, `receipt`, `dossier` and `mac`."""
    check = key.inbox(row["participant"], row["id"], row["digest"], row["receipt"], row["dossier"])
    return bool(check == row["mac"])


def receipt_name(row: asyncpg.Record) -> str:
    """How an inbox row is named to operators."""
    return f"inbox {row['participant']} {row['id']}"


_DOSSIERS = """
select d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from dossier d left join dossier_key k on k.dossier_id = d.id where d.id = any($1::uuid[])
"""


async def not_erased(
    connection: Connection | Session, dossiers: Collection[str], key: StoreKey
) -> frozenset[str]:
    """Those of these dossiers without a key whose rows do not say that they were erased."""
    if not dossiers:
        return frozenset()
    rows = await connection.fetch(_DOSSIERS, list(dossiers))
    return frozenset(dossiers) - {row["id"] for row in rows if is_dossier_genuine(row, key)}


_SOME = """
select d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from dossier d join dossier_key k on k.dossier_id = d.id order by d.id desc limit 100
"""
_A_KEY = "select wrapped from dossier_key limit 1"


async def is_written_with(connection: Connection, key: StoreKey) -> bool:
    """Whether something stored carries a check under this key: others may have altered the rest."""
    participants = await connection.fetch(f"select {PARTICIPANT.selected} from participant")  # noqa: S608  our names
    if any(PARTICIPANT.is_genuine(row, key) for row in participants):
        return True
    return any(is_dossier_genuine(row, key) for row in await connection.fetch(_SOME))


async def must_fit(connection: Connection, master: MasterKey) -> None:
    """`StartupError` when what is stored was written under another master key: one row is no proof."""
    if not await is_written_with(connection, master.store):
        master.must_fit(await connection.fetchval(_A_KEY))


_ERASURES = """
select e.dossier_id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from (select dossier_id from erasure where dossier_id > $1 order by dossier_id limit $2) e
left join dossier d on d.id = e.dossier_id left join dossier_key k on k.dossier_id = e.dossier_id
order by e.dossier_id
"""
_PAGE = 500
"""Erasures at a time, so that their dossiers are found by index, however many there are."""


async def erased(connection: Connection, key: StoreKey) -> list[str]:
    """All dossiers whose own rows say that they were erased: an `erasure` alone is believed of none."""
    found, last = [], str(UUID(int=0))
    while rows := await connection.fetch(_ERASURES, last, _PAGE):
        for row in rows:
            if is_erased(row, key):
                found.append(row["id"])
            else:
                tell_untrusted(AlteredRowError(f"erasure {row['id']}", NOT_ERASED))
        last = rows[-1]["id"]
    return found


NOT_ERASED = "its dossier does not say so"


def is_erased(row: asyncpg.Record, key: StoreKey) -> bool:
    """Whether a dossier's row, as of `is_dossier_genuine`, is one that an erasure has left."""
    is_left = row["sequence"] is not None and row["parked"] < 0 and row["wrapped"] is None
    return is_left and is_dossier_genuine(row, key)


def is_dossier_genuine(row: asyncpg.Record, key: StoreKey) -> bool:
    """A dossier's row with `id`, `head`, `sequence`, `parked`, `state`, `private`, `wrapped` and `mac`."""
    check = key.dossier(row["id"], row["head"], row["sequence"], row["state"], row["private"], row["wrapped"])
    is_erased_alive = row["parked"] < 0 and row["wrapped"] is not None
    return bool(check == row["mac"] and not is_erased_alive)
