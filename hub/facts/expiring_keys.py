"""The seed of the keys that end with a day: read at each reload, moved on by the sweep."""

from __future__ import annotations

from datetime import date

from hub.errors import StopError
from hub.facts.sealing import SEED_UNREADABLE, MasterKey
from hub.facts.term_keys import TermKeys
from hub.facts.trusted import is_written_with
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.postgres.database import Connection

_READ = "select day, wrapped from term_seed"
_FIRST = "insert into term_seed (day, wrapped) values ($1, $2) on conflict do nothing"
_MOVE = "update term_seed set day = $1, wrapped = $2 where day = $3"


async def load_terms(
    connection: Connection, master: MasterKey, today: date, told: OnUntrusted = tell_untrusted
) -> TermKeys | None:
    """Read the seed into the master key; the first process of a hub draws it for `today` (legal time).

    None for one that the hub has not written, which `told` gets: only licensed data need it. `StopError` when
    nothing stored was written under this master key.
    """
    row = await connection.fetchrow(_READ)
    if row is None:
        await connection.execute(_FIRST, today, master.new_key().wrapped)
        row = await connection.fetchrow(_READ)
        assert row is not None
    master.terms = None
    try:
        master.terms = TermKeys(row["day"], master.unwrapped(row["wrapped"]))
    except StopError:
        if not await is_written_with(connection, master.store):
            raise
        told(SEED_UNREADABLE)
    return master.terms


async def move_terms(connection: Connection, master: MasterKey, today: date) -> bool:
    """Destroy the keys of all days before `today` (legal time); whether there were any."""
    terms = await load_terms(connection, master, today)
    moved = terms.on(today) if terms is not None else None
    if terms is None or moved is None or moved is terms:
        return False
    master.terms = moved
    return (await connection.execute(_MOVE, today, master.wrap(moved.seed), terms.day)).endswith(" 1")
