"""Each notice looks as it was looked at, and the page shows all of them."""

from __future__ import annotations

import pytest

from adapters.notices.templates import PURPOSES
from tests.support.forms import PICTURES, looks_like
from tests.support.notice_pictures import REPORT_MAIL, picture, picture_of_a_report


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_a_notice_looks_as_it_was_looked_at(purpose: str) -> None:
    assert looks_like(picture(purpose), f"notice-{purpose}.png")


def test_the_email_with_a_report_looks_as_it_was_looked_at() -> None:
    assert looks_like(picture_of_a_report(), REPORT_MAIL)


def test_the_pages_show_every_form_paper_notice_and_report() -> None:
    page = "".join((PICTURES.parent / name).read_text("utf-8") for name in ("forms.md", "reports.md"))
    first = [
        path.name for path in PICTURES.glob("*.png") if path.stem.endswith("-0") or "notice" in path.stem
    ]
    assert len([name for name in first if name.startswith("notice-")]) == len(PURPOSES)
    assert [name for name in first if f"(forms/{name})" not in page] == []
