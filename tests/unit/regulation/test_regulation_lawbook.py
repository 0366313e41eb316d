"""The book of laws: every version, the one in force on a day, and files that nobody edits."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.regulation.errors import ProfileError, UnknownLawError
from hub.regulation.law import FIRST_CALENDAR, FIRST_CATALOGUE, LawVersions
from hub.regulation.lawbook import LawBook, load_book
from hub.regulation.pins import LOCK, pin, pinned_files
from hub.regulation.profile import read_profile
from tests.support.dossiers import at, law
from tests.support.lawbooks import (
    DATA,
    NEXT_REF,
    SHIPPED,
    SHIPPED_REF,
    calendar_text,
    law_folder,
    profile_text,
    with_next_version,
)

BEGINS = date(2026, 11, 24)
FIRST = LawVersions("bentre-45-2023@1", FIRST_CATALOGUE, FIRST_CALENDAR)
CATALOGUE = 'version = "0"\nin_force_from = 2026-01-01\nrecords = {}'


@pytest.fixture
def book(tmp_path: Path) -> LawBook:
    return load_book(folder=with_next_version(tmp_path, BEGINS, paper_cutoff="16:00:00"))


def shipped(tmp_path: Path) -> Path:
    """A copy of the data that come with the hub."""
    return Path(shutil.copytree(str(DATA), tmp_path / "data"))


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2023, 1, 1), 1),
        (date(2023, 12, 18), 1),
        (date(2023, 12, 19), SHIPPED),
        (date(2026, 11, 23), SHIPPED),
        (BEGINS, SHIPPED + 1),
        (date.max, SHIPPED + 1),
    ],
)
def test_the_version_in_force_is_the_last_that_has_begun(book: LawBook, day: date, version: int) -> None:
    assert book.in_force(day).profile.version == version


@given(
    st.lists(st.dates(date(2024, 1, 1), date(2027, 12, 31)), min_size=1, max_size=6, unique=True), st.dates()
)
def test_one_version_is_in_force_on_every_day(begins: list[date], day: date) -> None:
    shipped = load_book()
    profiles = [read_profile(profile_text(number, begin)) for number, begin in enumerate(begins, start=1)]
    calendars, catalogues = shipped._calendars.values(), shipped._catalogues.values()
    found = LawBook("bentre-45-2023", profiles, calendars, catalogues).in_force(day).profile
    begun = [begin for begin in begins if begin <= day]
    assert found.in_force_from == (max(begun) if begun else min(begins))


def test_a_dossier_finds_its_own_law_whatever_is_in_force(book: LawBook) -> None:
    assert book.of(FIRST).profile.forward.paper_cutoff.hour == 15
    assert book.of(FIRST._replace(ruleset=NEXT_REF)).profile.forward.paper_cutoff.hour == 16
    assert book.of(FIRST) is book.of(LawVersions(*FIRST))


@pytest.mark.parametrize("part", ["ruleset", "catalogue", "calendar"])
def test_a_version_that_is_not_there_is_named(part: str) -> None:
    with pytest.raises(UnknownLawError, match="does not have version nowhere-1 of the law"):
        load_book().of(FIRST._replace(**{part: "nowhere-1"}))


def test_a_site_may_stay_with_one_version_of_its_regulation(tmp_path: Path) -> None:
    folder = with_next_version(tmp_path, BEGINS)
    assert load_book(SHIPPED_REF, folder).in_force(date.max).profile.version == SHIPPED


def test_years_after_the_end_of_a_calendar_are_those_of_the_next_version(tmp_path: Path) -> None:
    """Its own years stay as they are, whatever later versions say of them."""
    late = calendar_text("vn-2030.1", date(2030, 6, 1), year=2031)
    later = calendar_text("vn-2030.2", date(2030, 7, 1), '{ day = 2031-01-06, name = "x" }', 2031)
    other = calendar_text("la-2030.1", date(2030, 8, 1), year=2032)
    names = ("calendars/vn-2030.1.toml", "calendars/vn-2030.2.toml", "calendars/la-2030.1.toml")
    texts = dict(zip(names, (late, later, other), strict=True))
    calendar = load_book(folder=law_folder(tmp_path, **texts)).of(FIRST).calendar
    assert (calendar.version, calendar.last_day) == ("vn-2026.1", date(2031, 12, 31))
    assert calendar.is_working_day(date(2031, 1, 6))
    assert calendar.closing(at("2027-02-05 09:00").date()) == law().calendar.closing(date(2027, 2, 5))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("profiles/a.toml", profile_text(SHIPPED, BEGINS), f"{SHIPPED_REF} is there twice"),
        ("profiles/a.toml", profile_text(SHIPPED + 1, date(2023, 12, 18)), "begin on one day: .*@1, .*@3"),
        ("catalogues/a.toml", CATALOGUE.format("[]"), "catalogue 0 make up"),
        ("catalogues/a.toml", CATALOGUE.format('["x"]'), "no file procedures/x"),
        ("catalogues/a.toml", "version = 0", "catalogue: "),
        ("calendars/vn-2026.1.toml", calendar_text("vn-2026.2", BEGINS), "comes with the hub, and"),
    ],
)  # fmt: skip
def test_a_book_that_contradicts_itself_is_an_error_at_start(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(ProfileError, match=said):
        load_book(folder=law_folder(tmp_path, **{name: text}))


def test_a_file_that_a_release_brings_too_may_stay_in_the_folder(tmp_path: Path) -> None:
    name = "profiles/bentre-45-2023@1.toml"
    folder = law_folder(tmp_path, **{name: (DATA / name).read_text(encoding="utf-8")})
    assert load_book(folder=folder).in_force(BEGINS).versions == load_book().in_force(BEGINS).versions


def test_a_folder_that_is_not_there_or_no_text_is_an_error_at_start(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="HUB_REGULATION: there is no folder"):
        load_book(folder=tmp_path / "nowhere")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/x.toml").write_bytes(b"\xff")
    pin(tmp_path)
    with pytest.raises(ProfileError, match="not UTF-8"):
        load_book(folder=tmp_path)


def test_a_folder_that_cannot_be_read_is_an_error_at_start(tmp_path: Path) -> None:
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProfileError, match=r"HUB_REGULATION: .* cannot be read"):
        load_book(folder=tmp_path)
    (tmp_path / "gone.toml").unlink()
    (tmp_path / LOCK).write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match=r"HUB_REGULATION: .* cannot be read"):
        load_book(folder=tmp_path)


# Pins


def test_an_edited_file_is_refused_with_its_name_and_both_digests(tmp_path: Path) -> None:
    folder = shipped(tmp_path)
    file = folder / "calendars/vn-2026.1.toml"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    after = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(ProfileError, match=f"calendars/vn-2026.1.toml has {after}, {LOCK} has {before}"):
        pinned_files(folder)


def test_a_file_that_was_taken_away_is_refused(tmp_path: Path) -> None:
    folder = shipped(tmp_path)
    (folder / "procedures/1.000656.json").unlink()
    with pytest.raises(ProfileError, match=r"procedures/1\.000656\.json has no file"):
        pinned_files(folder)


def test_a_file_that_was_never_pinned_is_refused(tmp_path: Path) -> None:
    (tmp_path / "new.toml").touch()
    with pytest.raises(ProfileError, match=r"new\.toml has [0-9a-f]{64}, digests\.lock has no digest"):
        pinned_files(tmp_path)


def test_only_new_files_are_pinned(tmp_path: Path) -> None:
    folder = shipped(tmp_path)
    assert pin(folder) == []
    (folder / "calendars/vn-2029.1.toml").touch()
    lock = (folder / LOCK).read_text("utf-8")
    assert pin(folder) == ["calendars/vn-2029.1.toml"]
    assert set(lock.splitlines()) < set((folder / LOCK).read_text("utf-8").splitlines())
    pinned_files(folder)


def test_an_edited_file_is_not_pinned_anew_and_the_lock_stays(tmp_path: Path) -> None:
    folder = shipped(tmp_path)
    lock = (folder / LOCK).read_text("utf-8")
    (folder / "calendars/vn-2026.1.toml").write_text("", "utf-8")
    (folder / "calendars/vn-2029.1.toml").touch()
    with pytest.raises(ProfileError, match=r"calendars/vn-2026\.1\.toml has"):
        pin(folder)
    assert (folder / LOCK).read_text("utf-8") == lock
