"""All versions of the law that this program knows: which is in force on a day, and which a dossier keeps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, TypeVar

from hub.regulation.calendar_data import DaysOff, make_calendar, read_days_off
from hub.regulation.catalogue_data import PublishedCatalogue, read_catalogue
from hub.regulation.errors import ProfileError, UnknownLawError
from hub.regulation.law import Law, LawVersions
from hub.regulation.pins import pinned_files
from hub.regulation.process_steps import overlong
from hub.regulation.profile import Profile, read_profile

DEFAULT_REGULATION = "bentre-45-2023"


class _Version(Protocol):
    @property
    def ref(self) -> str: ...
    @property
    def in_force_from(self) -> date: ...


_Part = TypeVar("_Part", bound=_Version)


class LawBook:
    """Profiles, calendars and catalogues by version, and the one regulation by which new dossiers go."""

    def __init__(
        self,
        regulation: str,
        profiles: Iterable[Profile],
        calendars: Iterable[DaysOff],
        catalogues: Iterable[PublishedCatalogue],
    ) -> None:
        """`regulation` is the id of a profile, or one version of it (`bentre-45-2023@1`)."""
        self._profiles = _by_version(profiles)
        self._calendars = _by_version(calendars)
        self._catalogues = _by_version(catalogues)
        self._known: dict[LawVersions, Law] = {}
        self.days, self._in_force = self._timeline(regulation)
        """Those on which a part changes, ascending."""

    @property
    def catalogues(self) -> Collection[PublishedCatalogue]:
        """The versions of the catalogue that are here, by their first day."""
        return self._catalogues.values()

    @property
    def calendars(self) -> Collection[str]:
        """The versions of days off that are here."""
        return self._calendars.keys()

    def in_force(self, on: date) -> Law:
        """The law of this day of Viet Nam; before the first one begins, the first (a rule refuses then)."""
        return self._in_force[max(0, bisect_right(self.days, on) - 1)]

    def of(self, versions: LawVersions) -> Law:
        """The law of these versions, in force or not; raises UnknownLawError for one that is not here."""
        law = self._known.get(versions)
        return law if law is not None else self._make(versions)

    def _make(self, versions: LawVersions) -> Law:
        try:
            profile = self._profiles[versions.ruleset]
            own = self._calendars[versions.calendar]
            catalogue = self._catalogues[versions.catalogue].catalogue
        except KeyError as error:
            raise UnknownLawError(error.args[0]) from None
        others = [one for one in self._calendars.values() if one.series == own.series]
        law = Law(profile, make_calendar(own, others, profile.hours), catalogue)
        self._known[versions] = law
        return law

    def _timeline(self, regulation: str) -> tuple[Sequence[date], Sequence[Law]]:
        """The days on which a part changes, ascending, and the law from each of them on."""
        profiles = [one for one in self._profiles.values() if regulation in {one.id, one.ref}]
        if not profiles:
            raise ProfileError(f"HUB_PROFILE: there is no profile {regulation!r}")
        parts: tuple[_Version, ...] = (*profiles, *self._calendars.values(), *self._catalogues.values())
        days = sorted({part.in_force_from for part in parts})
        return days, [self._on(day, profiles) for day in days]

    def _on(self, day: date, profiles: Iterable[Profile]) -> Law:
        profile = _latest(profiles, day, "profile")
        days_off = [one for one in self._calendars.values() if one.series == profile.calendar]
        calendar = _latest(days_off, day, f"calendar {profile.calendar}")
        catalogue = _latest(self._catalogues.values(), day, "catalogue")
        law = self.of(LawVersions(profile.ref, catalogue.ref, calendar.ref))
        for why in overlong(law.catalogue, law.calendar.hours_of_a_day):
            raise ProfileError(f"catalogue {catalogue.ref} under {profile.ref}: {why}")
        return law


def _by_version(parts: Iterable[_Part]) -> Mapping[str, _Part]:
    """By name, in the order in which they came into force."""
    found: dict[str, _Part] = {}
    for part in sorted(parts, key=lambda part: (part.in_force_from, part.ref)):
        if part.ref in found:
            raise ProfileError(f"{part.ref} is there twice")
        found[part.ref] = part
    return found


def _latest(parts: Iterable[_Part], day: date, kind: str) -> _Part:
    """The last one that had begun by this day, else the first."""
    known = list(parts)
    if not known:
        raise ProfileError(f"there is no {kind}")
    if len({part.in_force_from for part in known}) != len(known):
        raise ProfileError(f"two versions of the {kind} begin on one day: {', '.join(p.ref for p in known)}")
    return ([part for part in known if part.in_force_from <= day] or known[:1])[-1]


@cache
def load_book(regulation: str = DEFAULT_REGULATION, folder: Path | None = None) -> LawBook:
    """The law that comes with the hub, and that of a site's own folder; raises ProfileError."""
    found: dict[str, bytes] = {}
    folders: list[Traversable] = [files("hub.regulation.data"), *([folder] if folder else [])]
    if folder is not None and not folder.is_dir():
        raise ProfileError(f"HUB_REGULATION: there is no folder {folder}")
    for one in folders:
        try:
            new = pinned_files(one)
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(f"HUB_REGULATION: {one} cannot be read: {error}") from error
        if differing := sorted(path for path in found.keys() & new.keys() if found[path] != new[path]):
            raise ProfileError(f"HUB_REGULATION: {differing[0]} comes with the hub, and is another there")
        found |= new
    return book_of(regulation, found)


def book_of(regulation: str, found: Mapping[str, bytes]) -> LawBook:
    """The law that these files make, by their paths; raises ProfileError."""
    profiles = [read_profile(text) for text in _named(found, "profiles")]
    calendars = [read_days_off(text) for text in _named(found, "calendars")]
    catalogues = [read_catalogue(text, found) for text in _named(found, "catalogues")]
    return LawBook(regulation, profiles, calendars, catalogues)


def profile_texts(folder: Path | None = None) -> Mapping[str, str]:
    """The TOML texts of all profiles by their names, `bentre-45-2023@2`; raises ProfileError."""
    places: list[Traversable] = [files("hub.regulation.data"), *([folder] if folder else [])]
    return {
        path.removeprefix("profiles/").removesuffix(".toml"): content.decode()
        for place in places
        for path, content in sorted(pinned_files(place).items())
        if path.startswith("profiles/")
    }


def _named(found: Mapping[str, bytes], kind: str) -> list[str]:
    try:
        return [found[path].decode() for path in sorted(found) if path.startswith(f"{kind}/")]
    except UnicodeDecodeError as error:
        raise ProfileError(f"{kind}: a file is not UTF-8: {error}") from error
