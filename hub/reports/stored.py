"""The lives of all dossiers out of the store, one after the other, in the memory of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Record

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import law_of
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, genuine_body
from hub.postgres.database import Connection
from hub.reports.life import ACCEPTED, COUNTED, Life, SealedFact

_TYPES = [f"onestop.{name}.v1" for name in COUNTED]
_FACTS = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k
on k.dossier_id = f.dossier_id and f.type = 'onestop.{ACCEPTED}.v1' and $3
where f.type = any($1) and f.time < $2 order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_AT_ONCE = 2000
_SET_BACK = timedelta(hours=1)
"""By how much the clock of a broker may be set back: so far behind a moment facts are read."""
_PREFIX, _SUFFIX = len("onestop."), -len(".v1")


async def lives(
    connection: Connection, key: StoreKey, end: datetime, told_to: str | None = None
) -> AsyncIterator[Life]:
    """Each dossier as facts before `end` tell it, by one snapshot of the store.

    With `told_to` those of which this participant was told a fact: who may look a dossier up may count it.
    Raises `AlteredRowError` for a fact that is not what the hub has written: no number is made of it.
    """
    async with aclosing(lives_until(connection, key, (end,), told_to)) as reading:
        async for _, found in reading:
            if isinstance(found, AlteredRowError):
                raise found
            yield found


async def lives_until(
    connection: Connection, key: StoreKey, ends: Collection[datetime], told_to: str | None = None,
    *, with_keys: bool = False,
) -> AsyncGenerator[tuple[datetime, Life | AlteredRowError], None]:  # fmt: skip
    """As `lives`, with several ends in one pass: each dossier as facts before each of them tell it.

    An altered fact is given once for each end that lies behind it; no more lives follow for that end.
    With `with_keys` a life has its acceptance as it is sealed.
    """
    going = set(ends)
    current = _Seen("", told_to)
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        until = max(going) + _SET_BACK
        async for row in connection.cursor(_FACTS, _TYPES, until, with_keys, prefetch=_AT_ONCE):
            body = genuine_body(row, key)
            if row["dossier"] != current.dossier:
                for found in current.told():
                    yield found
                current = _Seen(row["dossier"], told_to)
            if body is not None:
                current.happened(going, row, body, with_keys=with_keys)
                continue
            for end in [one for one in going if row["time"] < one]:
                going.discard(end)
                current.lives.pop(end, None)
                yield end, AlteredRowError(fact_name(row))
            if not going:
                return
    for found in current.told():
        yield found


class _Seen:
    """One dossier, as it was before each of some moments."""

    __slots__ = ("_is_told", "_latest", "_told_to", "dossier", "lives")

    def __init__(self, dossier: str, told_to: str | None) -> None:
        self.dossier = dossier
        self._latest: datetime | None = None
        self.lives: dict[datetime, Life] = {}
        self._told_to = told_to
        self._is_told: set[datetime] = set()

    def happened(
        self, ends: Collection[datetime], row: Record, body: Mapping[str, Any], *, with_keys: bool
    ) -> None:
        """The next fact of this dossier: by its sequence, so one behind a later fact is none of before."""
        name, time = row["type"][_PREFIX:_SUFFIX], row["time"]
        if self._latest is None or time > self._latest:
            self._latest = time
        law = law_of(body) if name == ACCEPTED else None
        for end in ends:
            if self._latest >= end:
                continue
            life = self.lives.get(end)
            if life is None:
                life = self.lives[end] = Life(self.dossier)
            life.happened(name, time, body["data"], law)
            if law is not None and with_keys:
                life.acceptance = SealedFact(row["bytes"], row["wrapped"])
            if self._told_to is None or self._told_to in body["to"]:
                self._is_told.add(end)

    def told(self) -> Iterator[tuple[datetime, Life]]:
        """Those of which somebody was told who may count them."""
        return ((end, life) for end, life in self.lives.items() if end in self._is_told)
