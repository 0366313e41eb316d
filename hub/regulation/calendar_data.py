"""Reads the days off of a calendar file, and makes a `WorkingCalendar` with the hours of a profile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.regulation.calendar import OpeningHours, WorkingCalendar, YearTable
from hub.regulation.errors import ProfileError
from hub.regulation.sections import Hours
from hub.regulation.toml_files import read_toml


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    name: str
    assumed: bool = False
    """A guess by habit, in a year that is not decided yet."""


class _Year(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    provisional: bool
    source: str = ""
    """What the days were taken from, for who checks them."""
    days_off: tuple[_Entry, ...]
    working_days: tuple[_Entry, ...]


class DaysOff(BaseModel):
    """One version of the days off of a country, years by number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, Field(pattern=r"^[a-z]+-\d{4}\.\d+$")]
    in_force_from: date
    years: dict[Annotated[int, Field(ge=1, le=9999)], _Year]

    @property
    def ref(self) -> str:
        """The version, as kept with each dossier."""
        return self.version

    @property
    def series(self) -> str:
        """Whose days off: versions of one series follow each other."""
        return self.version.partition("-")[0]

    @model_validator(mode="after")
    def _days_lie_in_their_year(self) -> DaysOff:
        for year, table in self.years.items():
            entries = [entry.day for entry in (*table.days_off, *table.working_days)]
            if any(day.year != year for day in entries) or len(set(entries)) != len(entries):
                raise ValueError(f"year {year}: a day lies in another year or is named twice")
            if any(entry.day.isoweekday() > 5 for entry in table.days_off):
                raise ValueError(f"year {year}: a day off lies on a weekend")
            if not table.provisional and any(
                entry.assumed for entry in (*table.days_off, *table.working_days)
            ):
                raise ValueError(f"year {year}: a day is assumed, so the year is provisional")
        return self


def read_days_off(text: str) -> DaysOff:
    """Validate the TOML text of a calendar; raises ProfileError that names each wrong field."""
    return read_toml(text, "calendar", DaysOff)


def make_calendar(own: DaysOff, others: Iterable[DaysOff], hours: Hours) -> WorkingCalendar:
    """The calendar of this version with these opening hours; raises ProfileError for years with gaps.

    Years after its last are those of the first later version that knows them: an open dossier goes on.
    """
    years = dict(own.years)
    last = max(years, default=0)
    for other in sorted(others, key=lambda other: other.in_force_from):
        if other.in_force_from > own.in_force_from:
            years |= {year: other.years[year] for year in other.years if year > last and year not in years}
    try:
        return WorkingCalendar.build(
            own.version,
            [
                YearTable(
                    year=year,
                    days_off={entry.day: entry.name for entry in table.days_off},
                    working_days=[entry.day for entry in table.working_days],
                    is_provisional=table.provisional,
                )
                for year, table in years.items()
            ],
            [OpeningHours(opens=session.opens, closes=session.closes) for session in hours.sessions],
            weekdays=hours.weekdays,
            opens_on_swap_days=hours.opens_on_swap_days,
        )
    except ValueError as error:
        raise ProfileError(f"calendar {own.version}: {error}") from error
