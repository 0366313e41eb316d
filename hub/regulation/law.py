"""The law that decides one dossier: a profile with its calendar and the catalogue of procedures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hub.regulation.calendar import WorkingCalendar
from hub.regulation.catalogue import Catalogue
from hub.regulation.profile import Profile

FIRST_CATALOGUE, FIRST_CALENDAR = "d217e9aeceea64a4", "vn-2026.1"
"""What every dossier stood under while states and facts named their profile only."""


class LawVersions(NamedTuple):
    """Names of a law's parts, as dossiers and facts keep them: `bentre-45-2023@1`, a digest, `vn-2026.1`."""

    ruleset: str
    catalogue: str
    calendar: str


@dataclass(frozen=True, slots=True)
class Law:
    """The regulation as data, one version of each part."""

    profile: Profile
    calendar: WorkingCalendar
    catalogue: Catalogue
    versions: LawVersions = field(init=False)

    def __post_init__(self) -> None:
        versions = LawVersions(self.profile.ref, self.catalogue.version, self.calendar.version)
        object.__setattr__(self, "versions", versions)
