"""Test support: the register of a province with 160 one-stops, and the reports of its October 2026."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from hub.regulation.organisations import Organisation, Organisations

OFFICE = "H07.01"
ONE_STOPS = tuple(f"000.{number:02}.{part:02}.H07" for number in range(10, 26) for part in range(1, 11))
_KINDS = (("late", "late"), ("officers", "officers"), ("agencies", "work"))


def province(one_stops: Iterable[str] = ONE_STOPS) -> Organisations:
    """An office and the one-stops below it."""
    begin = date(2020, 1, 1)
    office = Organisation(
        code=OFFICE, kind="office", level="province", name_vi="Văn phòng Ủy ban nhân dân tỉnh Mẫu",
        in_force_from=begin,
    )  # fmt: skip
    centres = [
        Organisation(
            code=code, kind="centre", level="province", parent=OFFICE, name_vi=f"Bộ phận Một cửa {code}",
            in_force_from=begin,
        )
        for code in one_stops
    ]  # fmt: skip
    return Organisations([office, *centres])


def due_reports(count: int) -> list[dict[str, Any]]:
    """The data of so many `report.due`: three of each one-stop."""
    return list(islice(_due(), count))


def _due() -> Iterator[dict[str, Any]]:
    for one_stop in ONE_STOPS:
        for name, kind in _KINDS:
            yield {
                "organisation": one_stop, "report": name, "period": "2026-10", "rule": "7.2", "kind": kind,
                "by": "agency", "about": one_stop, "first": "2026-10-01", "last": "2026-10-31",
            }  # fmt: skip
