"""What offices did in a period, in plain counts, and which dossiers were late (pure).

For the quarter's talk with each agency (7.2), by channel (20.1), as an overview (22.1), and for the report of
cases that miss their time (7.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from hub.reports.life import Life
from hub.reports.measures import InPeriod

Count = Callable[[InPeriod], int]


def _ended(seen: InPeriod) -> bool:
    return seen.is_handled and seen.has_ended


COUNTS: Mapping[str, Count] = {
    "received": lambda seen: seen.is_received,
    "carried_over": lambda seen: seen.is_handled and not seen.is_received,
    "ended": _ended,
    "ended_in_time": lambda seen: _ended(seen) and not seen.is_late,
    "ended_late": lambda seen: _ended(seen) and seen.is_late,
    "open": lambda seen: seen.is_handled and not seen.has_ended,
    "open_late": lambda seen: seen.is_handled and not seen.has_ended and seen.is_late,
    "results": lambda seen: seen.is_issued,
    "declined": lambda seen: _ended(seen) and seen.life.declined_at is not None,
    "withdrawn": lambda seen: _ended(seen) and seen.life.withdrawn_at is not None,
    "supplements": lambda seen: len(seen.life.spells) if seen.is_handled else 0,
    "apologies": lambda seen: seen.life.apologies if seen.is_handled else 0,
    "late_forwards": lambda seen: seen.life.late_forwards if seen.is_handled else 0,
    "complaints": lambda seen: seen.life.complaints if seen.is_handled else 0,
}
"""By name; each is a number of dossiers, or of what happened to them."""


OTHERS: Final = ""
"""Stands for groups that have no row of their own: nothing is called so."""


class WorkSheet:
    """The counts of all groups: of each, or of `named` ones and the first `most` others.

    Whoever takes part names officers and agencies: groups beyond those are counted together, so that a report
    has rows for a paper, however many names there are. Each row has all dossiers of its group.
    """

    def __init__(
        self, group_of: Callable[[Life], str], most: int | None = None, named: Collection[str] = ()
    ) -> None:
        self._group_of = group_of
        self._left = most
        self._named = frozenset(named)
        self._groups: dict[str, Counter[str]] = {}
        self._others: set[str] = set()

    def add(self, seen: InPeriod) -> None:
        """Count one dossier."""
        if not (seen.is_handled or seen.is_received):
            return
        counts = self._groups.setdefault(self._row_of(self._group_of(seen.life)), Counter())
        counts.update({name: int(count(seen)) for name, count in COUNTS.items()})

    def _row_of(self, group: str) -> str:
        if self._left is None or group in self._groups or group in self._named:
            return group
        if self._left:
            self._left -= 1
            return group
        self._others.add(group)
        return OTHERS

    @property
    def left_out(self) -> int:
        """Groups that are counted together."""
        return len(self._others)

    def rows(self) -> list[dict[str, object]]:
        """A row for each group, by name; that of the others is the last."""
        return [
            {"group": group, **{name: counts[name] for name in COUNTS}}
            for group, counts in sorted(self._groups.items(), key=lambda one: (one[0] == OTHERS, one[0]))
        ]


class LateList:
    """The dossiers that were late: all, or the `most` that were late longest, in little memory."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._rows: list[dict[str, Any]] = []
        self.left_out = 0

    def add(self, seen: InPeriod) -> None:
        """Keep it, if it was late."""
        row = late_row(seen)
        if row is not None:
            self._rows.append(row)
            if self._most is not None and len(self._rows) == 2 * self._most:
                self._shorten(self._most)

    def rows(self) -> list[dict[str, object]]:
        """A row for each: all in the order in which they came, or those that were late longest first."""
        if self._most is not None:
            self._shorten(self._most)
        return self._rows

    def _shorten(self, most: int) -> None:
        self.left_out += max(0, len(self._rows) - most)
        self._rows = longest_first(self._rows)[:most]


def longest_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of late dossiers, the longest delay first."""
    return sorted(rows, key=lambda row: (-row["late_by"], row["id"]))


def late_row(seen: InPeriod) -> dict[str, Any] | None:
    """A dossier that was late in the period, with what its facts say of why; None for others."""
    if not seen.is_late:
        return None
    life = seen.life
    return {
        "id": life.dossier,
        "dossier": life.code,
        "agency": life.agency,
        "organisation": life.organisation,
        "procedure": life.procedure,
        "due_at": life.due_at,
        "ended_at": life.ended_at,
        "supplements": len(life.spells),
        "apologies": life.apologies,
        "opinions": life.opinions,
        "late_by": seen.late_by,
    }
