"""Budgets by participant: the defaults, and what a participant's own row changes of them (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from hub.settings.budget import BudgetSettings

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one participant may take."""

    records_per_day: int
    bytes_per_day: int
    uploads_per_day: int
    upload_bytes_per_day: int
    letters: int
    letter_bytes: int


KINDS = tuple(field.name for field in fields(Allowance))
"""Names of all limits, as columns of `participant_budget` and as options of the command."""

LEAST = {kind: 0 if kind.startswith("letter") else 1 for kind in KINDS}
"""What each limit is at least."""


@dataclass(frozen=True, slots=True)
class Use:
    """What was taken: things and their bytes."""

    records: int = 0
    bytes: int = 0

    def plus(self, records: int, size: int) -> Use:
        """With so much more."""
        return Use(self.records + records, self.bytes + size)


class Allowances:
    """The budget of each participant."""

    def __init__(self, defaults: BudgetSettings, own: Mapping[str, Mapping[str, int | None]] = {}) -> None:
        self._default = Allowance(**{kind: getattr(defaults, kind) for kind in KINDS})
        self._own = {name: allowance(defaults, changes) for name, changes in own.items()}

    def of(self, participant: str) -> Allowance:
        """What this participant may take."""
        return self._own.get(participant, self._default)


def allowance(defaults: BudgetSettings, changes: Mapping[str, int | None]) -> Allowance:
    """The defaults with what is not None of the changes."""
    found = {kind: changes.get(kind) for kind in KINDS}
    return Allowance(**{kind: getattr(defaults, kind) if n is None else n for kind, n in found.items()})


def pause_s(budget: Allowance, today: Use, taken: Use) -> float:
    """For how long to leave alone one that has used up its day and now took so much more; 0: it has not.

    What it takes beyond the day's budget comes at the pace at which a budget would last for a day.
    """
    if today.records <= budget.records_per_day and today.bytes <= budget.bytes_per_day:
        return 0.0
    days = max(taken.records / budget.records_per_day, taken.bytes / budget.bytes_per_day)
    return days * DAY_S
