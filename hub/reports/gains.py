"""What would raise the score most: points that an indicator lacks, and how many dossiers they are (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from hub.reports.formula_sets import FormulaSet, Indicator
from hub.reports.report import Figure, rounded


@dataclass(frozen=True, slots=True)
class Gain:
    """`gain` points are there to be had, with `dossiers` more that count, or so many fewer of a complement.

    `each` is what one dossier brings. Where the value is not known, neither is the gain: `remark` says why.
    """

    group: str
    number: str
    title: str
    points: Decimal | None
    most: Decimal
    gain: Decimal | None
    dossiers: int | None
    each: Decimal | None
    remark: str = ""


def gains(figures: Sequence[Figure], formulas: FormulaSet) -> list[Gain]:
    """Of each group the greatest gain first, then what is full, then what is not known."""
    found = [_gain(figure, formulas.find(figure.number)) for figure in figures if figure.most is not None]
    return sorted(found, key=lambda one: (one.group, one.gain is None, -(one.gain or 0), one.number))


def _gain(figure: Figure, one: Indicator) -> Gain:
    assert figure.most is not None
    if figure.points is None or figure.numerator is None or not figure.denominator:
        return Gain(
            figure.group, one.number, figure.title, None, figure.most, None, None, None, figure.remark
        )
    full_at, whole = Fraction(str(one.full_at)), figure.denominator
    if one.kind == "complement":
        dossiers = max(0, figure.numerator - floor((1 - full_at) * whole))
    else:
        dossiers = max(0, ceil(full_at * whole) - figure.numerator)
    each = rounded(Fraction(str(one.points)) / (full_at * whole)) if dossiers else Decimal("0.00")
    gain = figure.most - figure.points
    return Gain(figure.group, one.number, figure.title, figure.points, figure.most, gain, dossiers, each)
