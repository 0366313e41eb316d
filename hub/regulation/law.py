"""The law of a process: a profile with its calendar and the catalogue of procedures."""

from __future__ import annotations

from dataclasses import dataclass

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.calendar_data import load_calendar
from hub.regulation.catalogue import Catalogue
from hub.regulation.catalogue_import import load_catalogue
from hub.regulation.profile import Profile, load_profile


@dataclass(frozen=True, slots=True)
class Law:
    """The regulation as data, the same for a whole run of the process."""

    profile: Profile
    calendar: WorkingCalendar
    catalogue: Catalogue


def load_law(profile_name: str) -> Law:
    """The profile, its calendar and the catalogue; raises `StartupError` for data that cannot be used."""
    profile = load_profile(profile_name)
    return Law(profile, load_calendar(profile), load_catalogue())
