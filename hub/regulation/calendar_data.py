"""Reads the days off of a calendar file into a `WorkingCalendar` with the hours of a profile."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.regulation.calendar import OpeningHours, WorkingCalendar, YearTable
from hub.regulation.profile import Profile, ProfileError
from hub.regulation.sections import Hours


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    name: str


class _Year(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    provisional: bool
    days_off: tuple[_Entry, ...]
    working_days: tuple[_Entry, ...]


class _CalendarFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, Field(pattern=r"^[a-z]+-\d{4}\.\d+$")]
    years: dict[int, _Year]

    @model_validator(mode="after")
    def _days_lie_in_their_year(self) -> _CalendarFile:
        for year, table in self.years.items():
            entries = [entry.day for entry in (*table.days_off, *table.working_days)]
            if any(day.year != year for day in entries) or len(set(entries)) != len(entries):
                raise ValueError(f"year {year}: a day lies in another year or is named twice")
            if any(entry.day.isoweekday() > 5 for entry in table.days_off):
                raise ValueError(f"year {year}: a day off lies on a weekend")
        return self


def read_calendar(text: str, hours: Hours) -> WorkingCalendar:
    """Build the calendar from its TOML text; raises ProfileError."""
    try:
        data = _CalendarFile.model_validate(tomllib.loads(text))
        return WorkingCalendar.build(
            data.version,
            [
                YearTable(
                    year=year,
                    days_off=[entry.day for entry in table.days_off],
                    working_days=[entry.day for entry in table.working_days],
                    is_provisional=table.provisional,
                )
                for year, table in data.years.items()
            ],
            [OpeningHours(opens=session.opens, closes=session.closes) for session in hours.sessions],
            weekdays=hours.weekdays,
            opens_on_swap_days=hours.opens_on_swap_days,
        )
    except (tomllib.TOMLDecodeError, ValidationError, ValueError) as error:
        raise ProfileError(f"calendar: {error}") from error


@cache
def _load(name: str, hours: Hours) -> WorkingCalendar:
    file = files("hub.regulation.data") / f"{name}.toml"
    if not file.is_file():
        raise ProfileError(f"there is no calendar {name!r}")
    return read_calendar(file.read_text(encoding="utf-8"), hours)


def load_calendar(profile: Profile) -> WorkingCalendar:
    """The calendar that a profile names, with its hours; read once per process; raises ProfileError."""
    return _load(profile.calendar, profile.hours)
