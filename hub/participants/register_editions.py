"""Registers that operators import: every edition is kept whole with its officer, the newest one counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from hub.facts.checked import REGISTER_EDITION
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action, tell_engines
from hub.regulation import organisations, roster
from hub.regulation.registered import NONE, Registers

RegisterName = Literal["organisations", "roster", "catalogue"]
ORGANISATIONS: tuple[RegisterName, ...] = ("organisations",)
"""For who needs names only."""

_NEWEST = f"""
select {REGISTER_EDITION.selected}, imported_at from register_edition
where register = $1 and number <= $2 order by number desc limit 1
"""  # noqa: S608  no value stands in it
MARKS = """
select register, max(number) as number, count(*) as editions from register_edition
group by register order by register
"""
"""Of each register something that a new edition changes, whatever number somebody else's row has."""
_EDITIONS = """
select number, imported_at, operator, reason from register_edition where register = $1 order by number desc
"""
_ADD = """
insert into register_edition (register, number, content, operator, reason, mac)
values ($1, $2, $3, $4, $5, $6)
"""
_FREE = """
select number from (
    select $2::bigint as number
    union all
    select number + 1 from register_edition where register = $1 and number between $2 and $3
) candidate
where not exists (select from register_edition e where e.register = $1 and e.number = candidate.number)
order by number limit 1
"""
_HIGHEST = 2**63 - 1
_LAST_NUMBER = 1_000_000_000
"""That a fact can name; a row above it is none of the hub's."""
_ONE_BY_ONE = "lock table register_edition in share row exclusive mode"


@dataclass(frozen=True, slots=True)
class StoredEdition:
    """One edition as it is stored: JSON, who imported it and why; `number` counts from 1."""

    number: int
    content: str
    operator: str
    reason: str
    imported_at: datetime


async def stored(
    connection: Connection, key: StoreKey, name: RegisterName, number: int | None = None,
    told: OnUntrusted = tell_untrusted,
) -> StoredEdition | None:  # fmt: skip
    """The newest edition, or the one of this number; in place of one that was altered the one before it."""
    below = number or _HIGHEST
    while (row := await connection.fetchrow(_NEWEST, name, below)) is not None:
        if REGISTER_EDITION.is_genuine(row, key):
            return StoredEdition(
                row["number"], row["content"].decode(), row["operator"], row["reason"], row["imported_at"]
            )
        told(REGISTER_EDITION.altered(row))
        below = row["number"] - 1
    return None


async def add(
    connection: Connection, key: StoreKey, name: RegisterName, content: str, operator: str, reason: str
) -> int:
    """Store a new edition and let the engines read it, all in one transaction; returns its number.

    It is the first free one above the newest that the hub has written.
    """
    async with connection.transaction():
        await connection.execute(_ONE_BY_ONE)
        before = await stored(connection, key, name)
        least = before.number + 1 if before is not None else 1
        number: int = await connection.fetchval(_FREE, name, least, _LAST_NUMBER - 1)
        row = name, number, content.encode(), operator, reason
        await connection.execute(_ADD, *row, REGISTER_EDITION.check(key, *row))
        await record_action(connection, operator, f"{name}.imported", f"{name}/{number}", reason)
        await tell_engines(connection)
    return number


async def editions(connection: Connection, name: RegisterName) -> list[Mapping[str, object]]:
    """Number, time, operator and reason of every edition, the newest first."""
    return [dict(row) for row in await connection.fetch(_EDITIONS, name)]


class RegisterReader:
    """What a process knows of the registers; an edition that is known is not read again.

    With `names` it reads no other register: officers stay out of a process that asks for none.
    """

    def __init__(
        self, key: StoreKey, told: OnUntrusted, names: Collection[RegisterName] = ("organisations", "roster")
    ) -> None:
        self._names = names
        self._key = key
        self._told = told
        self._marks: dict[str, tuple[int, int]] = {}
        self._known = NONE

    async def read(self, connection: Connection) -> Registers:
        """The newest of each; the same object as long as there is no newer one."""
        rows = await connection.fetch(MARKS)
        found = {row["register"]: (row["number"], row["editions"]) for row in rows}
        for name in self._names:
            if found.get(name) != self._marks.get(name):
                edition = await stored(connection, self._key, name, told=self._told)
                if edition is not None:
                    self._known = _READ[name](self._known, edition.content)
        self._marks = found
        return self._known


_READ: Mapping[RegisterName, Callable[[Registers, str], Registers]] = {
    "organisations": lambda known, text: replace(known, organisations=organisations.from_json(text)),
    "roster": lambda known, text: replace(known, roster=roster.from_json(text)),
}
