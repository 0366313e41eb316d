"""Timers that were altered in the database: named, and set to what the dossier's own state says."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from hub.dossier.state.codec import state_from_json
from hub.dossier.state.model import Timer
from hub.dossier.state.near import rows_of
from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.facts.trusted import is_dossier_genuine
from hub.facts.untrusted import OnUntrusted
from hub.postgres.database import Session

_READ = """
select t.name, t.kind, greatest(t.due_at, timestamptz 'epoch') as due_at, t.xmin::text as version,
       d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from unnest($1::uuid[], $2::text[]) w(dossier_id, name)
join timer t using (dossier_id, name)
join dossier d on d.id = t.dossier_id left join dossier_key k on k.dossier_id = d.id
"""
_SET = """
update timer set kind = $4, due_at = $5, fired_at = null, fires = 0
where dossier_id = $1 and name = $2 and xmin::text = $3
"""
_DELETE = "delete from timer where dossier_id = $1 and name = $2 and xmin::text = $3"
_WRONG = "it is not that of its dossier, and is set right"


async def set_right(
    session: Session, key: StoreKey, timers: Collection[tuple[str, str]], told: OnUntrusted
) -> set[tuple[str, str]]:
    """Compare these timers (dossier, name) with the states of their dossiers, as far as those are genuine.

    Returns those that were wrong. A row that an engine changes meanwhile is left to it.
    """
    wrong: set[tuple[str, str]] = set()
    rows = await session.fetch(_READ, [dossier for dossier, _ in timers], [name for _, name in timers])
    for row in rows:
        if not is_dossier_genuine(row, key) or row["state"] is None:
            continue
        try:
            right = rows_of(state_from_json(row["state"]).timers).get(row["name"])
        except UntrustedRowError as error:
            told(UntrustedRowError(f"dossier {row['id']}", error.why))
            continue
        if right != Timer(row["kind"], row["due_at"]):
            told(AlteredRowError(f"timer {row['id']} {row['name']}", _WRONG))
            await _set(session, row, right)
            wrong.add((row["id"], row["name"]))
    return wrong


async def _set(session: Session, row: asyncpg.Record, right: Timer | None) -> None:
    place = row["id"], row["name"], row["version"]
    if right is None:
        await session.execute(_DELETE, *place)
    else:
        await session.execute(_SET, *place, right.kind, right.due_at)
