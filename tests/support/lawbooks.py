"""Test support: folders with more versions of the law than come with the hub."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

from hub.regulation.calendar_data import DaysOff, make_calendar, read_days_off
from hub.regulation.catalogue_data import read_catalogue
from hub.regulation.completion import completed
from hub.regulation.law import FIRST_CATALOGUE, Law
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pin, pinned_files

DATA = files("hub.regulation.data")
SHIPPED = 2
"""The newest version of the profile that comes with the hub."""
SHIPPED_REF, NEXT_REF = f"bentre-45-2023@{SHIPPED}", f"bentre-45-2023@{SHIPPED + 1}"
SHIPPED_CATALOGUE = "b87593e24e11a6af"
"""The records with the completion that comes with the hub."""
PROFILE = (DATA / f"profiles/{SHIPPED_REF}.toml").read_text(encoding="utf-8")
CALENDAR = (DATA / "calendars/vn-2026.1.toml").read_text(encoding="utf-8")


def profile_text(version: int, begins: date, **changes: str) -> str:
    """The shipped profile as another version: `profile_text(3, day, paper_cutoff="16:00:00")`."""
    text = changed(PROFILE, f"\nversion = {SHIPPED}\n", f"\nversion = {version}\n")
    text = changed(text, "in_force_from = 2023-12-19", f"in_force_from = {begins}")
    for name, value in changes.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} = ")]
        text = changed(text, f"\n{line}\n", f"\n{name} = {value}\n")
    return text


def calendar_text(version: str, begins: date, days_off: str = "", year: int = 2026) -> str:
    """One year without any day off but those given."""
    return (
        f'version = "{version}"\nin_force_from = {begins}\n[years.{year}]\nprovisional = false\n'
        f"days_off = [{days_off}]\nworking_days = []\n"
    )


def changed(text: str, find: str, put: str) -> str:
    """The text with its only place of `find` changed."""
    assert text.count(find) == 1, find
    return text.replace(find, put)


def law_folder(folder: Path, **texts: str) -> Path:
    """A pinned folder with these files: `law_folder(tmp_path, **{"profiles/x@3.toml": text})`."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pin(folder)
    return folder


def completed_folder(folder: Path, text: str, **more: str) -> tuple[Path, str]:
    """A pinned folder with a catalogue of 2026 that this completes, and its version."""
    shipped = pinned_files(DATA)
    listing = shipped[f"catalogues/{FIRST_CATALOGUE}.toml"].decode()
    records = read_catalogue(listing, shipped).catalogue
    version = completed(records, {"completions/site.toml": text.encode()}).version
    own = listing.replace(FIRST_CATALOGUE, version).replace("2023-12-18", "2026-01-01")
    own = changed(own, "records = [", 'completions = ["site.toml"]\nrecords = [')
    texts = {f"catalogues/{version}.toml": own, "completions/site.toml": text, **more}
    return law_folder(folder, **texts), version


def with_next_version(folder: Path, begins: date, **changes: str) -> Path:
    """A pinned folder with the version after the shipped one, in force from this day on."""
    text = profile_text(SHIPPED + 1, begins, **changes)
    return law_folder(folder, **{f"profiles/{NEXT_REF}.toml": text})


def with_calendar(before: Law, version: str, off: Mapping[date, str], worked: Collection[date] = ()) -> Law:
    """The same law with the shipped days off of 2025 to 2027, these days off too, and these worked."""
    days_off = read_days_off(CALENDAR)
    years = {}
    for number, year in days_off.years.items():
        table = year.model_dump()
        kept = [one for one in table["days_off"] if one["day"] not in worked]
        more = [{"day": day, "name": name} for day, name in off.items() if day.year == number]
        weekend = [{"day": day, "name": "x"} for day in worked if day.isoweekday() > 5 and day.year == number]
        years[number] = {
            **table,
            "days_off": [*kept, *more],
            "working_days": [*table["working_days"], *weekend],
        }
    own = DaysOff.model_validate({"version": version, "in_force_from": date(2026, 12, 1), "years": years})
    return replace(before, calendar=make_calendar(own, [], before.profile.hours))


def completed_law(text: str) -> Law:
    """The newest law with what this TOML says of its procedures (`hub.regulation.completion`)."""
    newest = load_book().in_force(date.max)
    return replace(newest, catalogue=completed(newest.catalogue, {"completions/test.toml": text.encode()}))
