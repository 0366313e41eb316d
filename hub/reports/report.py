"""Indicators over many dossiers: counted one by one in little memory, then written as lines (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.catalogue import HandlingTime, TimeUnit
from hub.reports.formula_sets import FormulaSet, Indicator
from hub.reports.life import Life
from hub.reports.measures import MEASURES, InPeriod, Period

By = Literal["all", "organisation", "agency", "procedure", "level", "channel"]
_PLACES = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one group; `value` is in `unit`, per cent or a time; None: `remark` says why."""

    group: str
    number: str
    title: str
    numerator: int | None
    denominator: int | None
    value: Decimal | None
    unit: str
    points: Decimal | None
    most: Decimal | None
    remark: str = ""


@dataclass(slots=True)
class _Sums:
    """What is kept of a group: numbers only, however many dossiers there are."""

    counts: Counter[str] = field(default_factory=Counter)
    times: dict[str, Fraction] = field(default_factory=dict)
    timed: Counter[str] = field(default_factory=Counter)


class Figures:
    """The sums of all groups; a group is there once a dossier of it counts for anything."""

    def __init__(self, formulas: FormulaSet, group_of: Callable[[Life], str]) -> None:
        self._formulas = formulas
        self._group_of = group_of
        self._groups: dict[str, _Sums] = {}

    def add(self, seen: InPeriod, calendar: WorkingCalendar) -> None:
        """Count one dossier."""
        counted = [name for name, measure in MEASURES.items() if measure(seen)]
        if not counted:
            return
        sums = self._groups.setdefault(self._group_of(seen.life), _Sums())
        sums.counts.update(counted)
        if "issued" in counted:
            unit, time = handling_time(seen.life, calendar)
            sums.times[unit] = sums.times.get(unit, Fraction()) + time
            sums.timed[unit] += 1

    def lines(self, inputs: Mapping[str, int], *, english: bool) -> list[Figure]:
        """Every indicator of every group, groups by name."""
        return [
            line
            for group in sorted(self._groups)
            for one in self._formulas.indicator
            for line in _lines(group, one, self._groups[group], inputs, english=english)
        ]


def handling_time(life: Life, calendar: WorkingCalendar) -> tuple[str, Fraction]:
    """How long it took in the unit of the procedure, without supplements (2.2); of one that has ended."""
    ended = life.ended_at
    assert life.accepted_at is not None
    assert ended is not None
    unit = HandlingTime.read(life.handling).unit
    is_working = unit in {TimeUnit.WORKING_DAY, TimeUnit.HOUR}

    def hours(begin: datetime, end: datetime) -> Fraction:
        if is_working:
            return calendar.working_hours_between(begin, end) if begin < end else Fraction()
        return Fraction(int((end - begin).total_seconds()), 3600)

    pauses = (hours(spell.begun, spell.ended) for spell in life.spells if spell.ended is not None)
    whole = hours(life.accepted_at, ended) - sum(pauses, Fraction())
    if unit is TimeUnit.HOUR:
        return "HOUR", whole
    return ("WORKING_DAY", whole / calendar.hours_of_a_day) if is_working else ("DAY", whole / 24)


def _lines(
    group: str, one: Indicator, sums: _Sums, inputs: Mapping[str, int], *, english: bool
) -> list[Figure]:
    title = one.en if english else one.vi
    if one.kind == "mean_time":
        means = {unit: rounded(sums.times[unit] / count) for unit, count in sorted(sums.timed.items())}
        return [
            Figure(group, one.number, title, None, sums.timed[unit], mean, unit, None, None)
            for unit, mean in means.items()
        ] or [Figure(group, one.number, title, None, 0, None, "", None, None, _none(english=english))]
    most = rounded(Fraction(one.points)) if one.points is not None else None
    numerator = sum(sums.counts[name] for name in one.numerator)
    denominator, remark = _denominator(one, sums, inputs, english=english)
    if not denominator:
        return [Figure(group, one.number, title, numerator, denominator, None, "%", None, most, remark)]
    share = Fraction(numerator, denominator)
    value = max(Fraction(), 1 - share) if one.kind == "complement" else share
    points = None
    if one.points is not None:
        points = rounded(Fraction(one.points) * min(Fraction(1), value / Fraction(str(one.full_at))))
    return [Figure(group, one.number, title, numerator, denominator, rounded(value * 100), "%", points, most)]


def _denominator(
    one: Indicator, sums: _Sums, inputs: Mapping[str, int], *, english: bool
) -> tuple[int | None, str]:
    if one.denominator is not None:
        count = sums.counts[one.denominator]
        return count, "" if count else _none(english=english)
    missing = [name for name in one.denominator_inputs if name not in inputs]
    if missing:
        words = "needs --input" if english else "cần --input"
        return None, f"{words} {', '.join(f'{name}=N' for name in missing)}"
    most = max(inputs[name] for name in one.denominator_inputs)
    return most, "" if most else _none(english=english)


def _none(*, english: bool) -> str:
    return "no such dossier in the period" if english else "không có hồ sơ như vậy trong kỳ"


def rounded(value: Fraction) -> Decimal:
    """Two decimals, as the portal publishes them."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_PLACES, ROUND_HALF_UP)


def explained(one: Indicator, seen: InPeriod) -> dict[str, object] | None:
    """What this dossier is to an indicator; None where it counts for nothing in it."""
    numerator = [name for name in one.numerator if MEASURES[name](seen)]
    is_below = one.denominator is not None and MEASURES[one.denominator](seen)
    if not numerator and not is_below:
        return None
    life = seen.life
    return {
        "dossier": life.code or life.dossier,
        "counts_as": ", ".join(numerator) or "-",
        "of": one.denominator if is_below else "-",
        "organisation": life.organisation,
        "procedure": life.procedure,
        "accepted_at": life.accepted_at,
        "due_at": life.due_at,
        "ended_at": life.ended_at,
        "supplements": len(life.spells),
    }


def period_of(begin: datetime, end: datetime, now: datetime) -> Period:
    """Facts up to its end count, or up to now."""
    return Period(begin, end, min(end, now))
