"""From lives to a report: which group a dossier belongs to, and the law by which its time is measured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.reports.formula_sets import FormulaSet, Indicator
from hub.reports.life import Life
from hub.reports.measures import InPeriod, Period
from hub.reports.report import By, Figures, explained

_UNKNOWN = "-"
"""The level of an organisation that was never imported."""


def group_of(by: By, organisations: Organisations) -> Callable[[Life], str]:
    """What a dossier is counted under."""

    def level(life: Life) -> str:
        if life.accepted_at is None:
            return _UNKNOWN
        found = organisations.on(life.organisation, local_day(life.accepted_at))
        return found.level if found is not None else _UNKNOWN

    groups: dict[By, Callable[[Life], str]] = {
        "all": lambda _: "all",
        "organisation": lambda life: life.organisation,
        "agency": lambda life: life.agency,
        "procedure": lambda life: life.procedure,
        "channel": lambda life: life.channel,
        "level": level,
    }
    return groups[by]


class CountOfDossiers(Protocol):
    """What a report keeps of the dossiers that it counts."""

    @property
    def left_out(self) -> int:
        """What has no row of its own."""
        ...

    def add(self, seen: InPeriod) -> None:
        """Count one dossier."""
        ...

    def rows(self) -> list[dict[str, object]]:
        """The lines of the report."""
        ...


class Counting:
    """One report: a formula set over a period, of all organisations or of one."""

    def __init__(
        self, formulas: FormulaSet, period: Period, book: LawBook, organisation: str | None = None
    ) -> None:
        self._formulas = formulas
        self._period = period
        self._book = book
        self._organisation = organisation

    async def tally(self, lives: AsyncIterator[Life], group: Callable[[Life], str]) -> Figures:
        """Count all; the memory is that of the groups."""
        tally = Figures(self._formulas, group)
        async for seen in self._seen(lives):
            assert seen.life.law is not None
            tally.add(seen, self._book.of(seen.life.law).calendar)
        return tally

    async def count(self, lives: AsyncIterator[Life], count: CountOfDossiers) -> list[dict[str, object]]:
        """Count all."""
        async for seen in self._seen(lives):
            count.add(seen)
        return count.rows()

    async def explain(self, lives: AsyncIterator[Life], one: Indicator) -> AsyncIterator[dict[str, object]]:
        """Each dossier that counts for something in this indicator."""
        async for seen in self._seen(lives):
            found = explained(one, seen)
            if found is not None:
                yield found

    def seen(self, life: Life) -> InPeriod | None:
        """The dossier in the period; None for one of others, or not accepted: before a code nothing counts.

        Raises `UnknownLawError`.
        """
        if life.law is None or self._organisation not in (None, life.organisation, life.agency):
            return None
        procedure = self._book.of(life.law).catalogue.find(life.procedure)
        has_results = procedure is not None and bool(procedure.results)
        dislike_most = self._formulas.dislike_most
        return InPeriod(life, self._period, has_results=has_results, dislike_most=dislike_most)

    async def _seen(self, lives: AsyncIterator[Life]) -> AsyncIterator[InPeriod]:
        async for life in lives:
            if (seen := self.seen(life)) is not None:
                yield seen
