"""Profiles key by key: each with its mark, two profiles side by side, and what is assumed of Decree 118."""

from __future__ import annotations

from datetime import date

import pytest

from hub.regulation.codes import make_dossier_code
from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book, profile_texts
from hub.regulation.profile_keys import changed_keys, keys_of

DECISION, DECREE = "bentre-45-2023@2", "nd118-2025@1"


def text(name: str) -> str:
    return profile_texts()[name]


def test_each_key_has_its_value_and_the_mark_of_its_source() -> None:
    keys = {key.name: key for key in keys_of(text(DECISION))}
    assert keys["intake.online_limit_working_hours"].value == "8"
    assert keys["intake.online_limit_working_hours"].mark == "Đ 15.2"
    assert keys["forward.paper_cutoff"].value == '"15:00:00"'
    assert keys["forms.04"].value.startswith('{"kind":"apology"')
    assert keys["officers.ranks"].mark == "Đ 8.4.b"


def test_every_key_of_the_decree_is_marked_by_a_source_or_as_assumed() -> None:
    unmarked = [
        key.name
        for key in keys_of(text(DECREE))
        if not key.mark.startswith(("assumed", "source"))
        and not key.name.startswith(("forms.", "statuses.", "reports.", "postal.transit"))
        and "." in key.name
    ]
    assert unmarked == []


def test_what_the_decree_changes_is_read_off_side_by_side() -> None:
    changes = {change.name: change for change in changed_keys(text(DECISION), text(DECREE))}
    assert set(changes) == {
        "id", "version", "decision", "in_force_from", "intake.boundaries", "dossier_code.unit_pattern",
        "forms.04", "forms.05", "forms.06", "forms.07",
    }  # fmt: skip
    assert (changes["intake.boundaries"].before, changes["intake.boundaries"].after) == (
        '"listed"',
        '"free"',
    )
    assert changes["forms.07"].before is None
    assert changed_keys(text(DECREE), text(DECREE)) == ()


def test_the_decree_is_in_force_from_its_day_and_gives_codes_of_merged_provinces() -> None:
    law = load_book("nd118-2025").in_force(date(2026, 10, 5))
    assert law.versions.ruleset == DECREE
    assert law.profile.form("stop").number == "05"
    code = make_dossier_code(law.profile.dossier_code, "H61.34.12", date(2026, 10, 5), 1)
    assert code == "H61.34.12-261005-0001"
    assert load_book().in_force(date(2026, 10, 5)).versions.ruleset == DECISION


def test_a_text_that_is_no_profile_is_refused() -> None:
    with pytest.raises(ProfileError, match="not TOML"):
        keys_of("[intake")
