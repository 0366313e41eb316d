"""The approved internal process of each procedure lies within its handling time (9.4; pure)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import get_args

from hub.regulation.catalogue import Catalogue, HandlingTime, Procedure, TimeUnit
from hub.regulation.sections import Channel


def overlong(catalogue: Catalogue, hours_of_a_day: Fraction) -> Iterator[str]:
    """Each procedure whose steps together take longer than its shortest published time, in words.

    `hours_of_a_day` are the opening hours of a working day (Đ 10).
    """
    for procedure in catalogue.procedures.values():
        steps = [_hours(step.time, hours_of_a_day) for step in procedure.steps]
        total = sum((hours for hours in steps if hours is not None), Fraction(0))
        shortest = min(_published(procedure, hours_of_a_day), default=None) if steps else None
        if shortest is not None and total > shortest:
            hours = f"the steps take {float(total):g} hours, the procedure {float(shortest):g}"
            yield f"{procedure.code}: {hours}"


def _published(procedure: Procedure, hours_of_a_day: Fraction) -> Iterator[Fraction]:
    channels: tuple[Channel, ...] = get_args(Channel)
    for channel in channels:
        for choice in procedure.choices(channel):
            if (hours := _hours(choice.time, hours_of_a_day)) is not None:
                yield hours


def _hours(time: HandlingTime, hours_of_a_day: Fraction) -> Fraction | None:
    """In opening hours; None for days and months of the calendar, which are no measure of them."""
    if time.unit is TimeUnit.HOUR:
        return Fraction(time.amount)
    return Fraction(time.amount) * hours_of_a_day if time.unit is TimeUnit.WORKING_DAY else None
