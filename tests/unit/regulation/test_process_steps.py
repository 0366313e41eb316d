"""The approved process within the handling time (9.4): a day is as long as the profile's opening hours."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book
from tests.support.dossiers import PROCEDURE
from tests.support.lawbooks import NEXT_REF, SHIPPED_REF, changed, completed_folder, profile_text


def process(*steps: tuple[str, str]) -> str:
    return "".join(
        f'[[procedures."{PROCEDURE}".steps]]\nname = "{name}"\ntime = "{time}"\n' for name, time in steps
    )


def longer_days() -> str:
    text = profile_text(3, date(2026, 1, 1))
    return changed(text, "closes = 11:00:00", "closes = 11:30:00")


def test_steps_in_days_and_hours_fit_within_the_shortest_published_time(tmp_path: Path) -> None:
    text = process(("Tiếp nhận", "4 HOUR"), ("Thẩm định", "2 WORKING_DAY"), ("Ký", "0.5 WORKING_DAY"))
    folder, version = completed_folder(tmp_path, text)
    law = load_book(SHIPPED_REF, folder).in_force(date(2026, 10, 5))
    assert law.catalogue.version == version
    assert len(law.catalogue.procedures[PROCEDURE].steps) == 3


def test_steps_that_take_longer_are_refused_and_longer_days_hold_more(tmp_path: Path) -> None:
    text = process(("Thẩm định", "3 WORKING_DAY"), ("Ký", "1 HOUR"))
    folder, version = completed_folder(tmp_path / "a", text, **{f"profiles/{NEXT_REF}.toml": longer_days()})
    for ref, words in (
        (SHIPPED_REF, "take 25 hours, the procedure 24"),
        (NEXT_REF, "take 26.5 hours, the procedure 25.5"),
    ):
        with pytest.raises(ProfileError, match=f"{version} under {ref}: {PROCEDURE}: the steps {words}"):
            load_book(ref, folder)
    text = process(("Thẩm định", "2 WORKING_DAY"), ("Ký", "8.5 HOUR"))
    folder, _ = completed_folder(tmp_path / "b", text, **{f"profiles/{NEXT_REF}.toml": longer_days()})
    assert load_book(NEXT_REF, folder).in_force(date(2026, 10, 5)).profile.ref == NEXT_REF
    with pytest.raises(ProfileError, match=r"24\.5 hours, the procedure 24$"):
        load_book(SHIPPED_REF, folder)
