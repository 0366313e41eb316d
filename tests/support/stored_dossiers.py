"""Test support: dossiers as an engine leaves them in the store, many at once and without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.facts.fact_bytes import FactPlace, Origin, store_fact
from hub.facts.sealing import DossierKey, MasterKey
from hub.identifiers import derived_id
from hub.postgres.database import Connection
from schemas.base import Fact
from schemas.dossier import DossierAccepted, DossierSubmitted
from schemas.result import ResultIssued
from tests.support.dossiers import MONDAY, issued, law
from tests.support.requests import AGENCY, ONE_STOP

_FACT = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash", "mac")
Told = tuple[Fact, datetime]


@dataclass(frozen=True, slots=True)
class StoredDossier:
    """One of ten facts, from its submission to its result; `facts` follow after those."""

    number: int
    begun: datetime
    one_stop: str = ONE_STOP
    agency: str = AGENCY
    days: int = 1
    """Until it is due."""
    issued_after: timedelta | None = None
    """The begin; None: on the day of the story."""
    account: str = "can-bo-thu"
    facts: Sequence[Told] = ()
    length: int = 10

    @property
    def id(self) -> str:
        """By number and begin."""
        return derived_id(self._moment_ms, "stored", str(self.number))

    @property
    def _moment_ms(self) -> int:
        return int(self.begun.timestamp() * 1000) + self.number

    def told(self, story: Sequence[tuple[Fact, timedelta]]) -> Iterator[Told]:
        """Its facts with their times; the last of the story again, up to `length`."""
        whose = {"organisation": self.one_stop, "agency": self.agency}
        for sequence in range(self.length):
            fact, after = story[min(sequence, len(story) - 1)]
            at = self.begun + after
            if isinstance(fact, DossierSubmitted):
                fact = fact.model_copy(update=whose)
            if isinstance(fact, DossierAccepted):
                own = {
                    "accepted_at": at,
                    "due_at": at + timedelta(days=self.days),
                    "officer": fact.officer.model_copy(update={"account": self.account}),
                    "code": f"{self.one_stop}-{at:%y%m%d}-{self.number % 10_000:04}",
                }
                fact = fact.model_copy(update=whose | own)
            if isinstance(fact, ResultIssued) and self.issued_after is not None:
                at = self.begun + self.issued_after
                fact = fact.model_copy(update={"issued_at": at})
            yield fact, at
        yield from self.facts


def fact_rows(master: MasterKey, key: DossierKey, dossier: str, facts: Iterable[Told]) -> Iterator[Any]:
    """As the table has them."""
    previous: bytes | None = None
    for sequence, (fact, at) in enumerate(facts, start=1):
        origin = Origin(
            "/stored", f"{dossier}-{sequence}", int(at.timestamp() * 1000), at, law().versions, ()
        )
        place = FactPlace(dossier, sequence, previous, key)
        made, _ = store_fact(fact, 0, origin, place, ("counter-a",))
        previous = made.hash
        yield (
            UUID(dossier), sequence, UUID(made.id), made.type, made.time, made.content, made.hash,
            master.store.fact(made.hash),
        )  # fmt: skip


async def store_dossiers(
    connection: Connection, master: MasterKey, keys: Sequence[DossierKey], dossiers: Iterable[StoredDossier]
) -> None:
    """Facts and keys; the dossiers share these keys."""
    story = [(fact, at - MONDAY) for fact, at, _ in issued().facts]
    rows: list[Any] = []
    wrapped: list[Any] = []
    for one in dossiers:
        key = keys[one.number % len(keys)]
        wrapped.append((UUID(one.id), key.wrapped))
        rows += fact_rows(master, key, one.id, one.told(story))
    await connection.copy_records_to_table("fact", records=rows, columns=_FACT, timeout=600)
    columns = ("dossier_id", "wrapped")
    await connection.copy_records_to_table("dossier_key", records=wrapped, columns=columns, timeout=600)
