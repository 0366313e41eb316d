"""The screens of a queue: they name nobody, load nothing, and only a machine of the one-stop draws."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.facts.look_up_key import LookUpKey
from hub.public.queue_pages import GROUNDS, Hall, Viewer, board_page, link, no_number_page, number_page
from hub.public.words import LANGUAGES, Language
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from schemas.ticket import CallTicket, IssueTicket
from tests.support.dossiers import COUNTER, OFFICER, ONE_STOP
from tests.support.matters import MatterStory
from tests.support.registers import desks
from tests.unit.public.test_public_pages import Outline, text_of

DESKS = desks("01,fields,Hộ tịch", "02,fields,Đất đai", "HD,guidance,")
DAY = date(2026, 10, 12)
NAMES: dict[Language, str] = {"vi": "Trung tâm <Mẫu>", "en": "The centre"}
MACHINE = "ab" * 16


def hall(known: Organisations = DESKS, *, drawn: int = 0, called: int = 0) -> Hall:
    story = MatterStory(registers=Registers(known))
    for _ in range(drawn):
        story.accepts(IssueTicket(organisation=ONE_STOP, field="Hộ tịch", priority="elderly"), COUNTER)
    for _ in range(called):
        story.accepts(CallTicket(organisation=ONE_STOP, desk="01", officer=OFFICER), COUNTER)
    return Hall(ONE_STOP, NAMES, known.desks_of(ONE_STOP, DAY), story.now if drawn else None)


def issued(**changes: Any) -> dict[str, Any]:
    return {"number": 17, "desks": ["01", "U1"], "ahead": 4, **changes}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("machine", ["", MACHINE])
def test_every_screen_is_whole_small_and_without_scripts(language: Language, machine: str) -> None:
    viewer = Viewer(language, machine)
    pages = [
        board_page(hall(drawn=3, called=2), viewer, "ff" * 16),
        board_page(hall(), viewer, "ff" * 16),
        number_page(hall(), viewer, issued()),
        no_number_page(hall(), viewer, "queue_waits"),
        no_number_page(hall(), viewer, "not_taken", message="<b>không</b>"),
    ]
    for page in pages:
        outline = Outline(page)
        assert not outline.of("script", "img", "link", "iframe")
        assert "<b>" not in page
        assert "<Mẫu>" not in page
        assert (len(page.encode()) < 10_000, "{" not in text_of(page)) == (True, True)
        (refresh,) = [one for one in outline.of("meta") if one.get("http-equiv") == "refresh"]
        assert link(ONE_STOP, machine) in str(refresh["content"])


def test_the_board_shows_what_each_desk_called_last_and_how_many_wait() -> None:
    text = text_of(board_page(hall(drawn=3, called=2), Viewer(), "ff" * 16))
    assert "Quầy Số 01 2" in text
    assert "Số người đang chờ: 1." in text
    assert "Hôm nay chưa gọi số nào." in text_of(board_page(hall(drawn=1), Viewer(), "ff" * 16))
    page = board_page(hall(drawn=1), Viewer(), "ff" * 16)
    assert "<form" not in page
    assert "cao tuổi" not in page


def test_a_machine_offers_the_fields_of_the_desks_and_guidance_where_one_gives_it() -> None:
    page = board_page(hall(), Viewer(machine=MACHINE), "ff" * 16)
    values = [one["value"] for one in Outline(page).of("input") if one.get("name") == "linh-vuc"]
    assert values == ["Hộ tịch", "Đất đai", ""]
    assert [one["value"] for one in Outline(page).of("input") if one.get("name") == "uu-tien"] == [
        "",
        *GROUNDS,
    ]
    alone = board_page(hall(desks("01,fields,Hộ tịch")), Viewer(machine=MACHINE), "ff" * 16)
    assert [one["value"] for one in Outline(alone).of("input") if one.get("name") == "linh-vuc"] == [
        "Hộ tịch"
    ]
    without = board_page(hall(Organisations()), Viewer(machine=MACHINE), "ff" * 16)
    assert [one["value"] for one in Outline(without).of("input") if one.get("name") == "linh-vuc"] == [""]


def test_a_drawn_number_says_where_and_how_many_come_before() -> None:
    text = text_of(number_page(hall(), Viewer(machine=MACHINE), issued()))
    assert "Số của quý vị: 17" in text
    assert "Quầy: 01, U1." in text
    assert "Số người chờ trước: 4." in text
    assert "Quầy:" not in text_of(number_page(hall(), Viewer(), issued(desks=[])))


def test_a_machine_has_the_code_of_its_own_one_stop() -> None:
    key = LookUpKey(bytes(32))
    code = key.machine_code(ONE_STOP)
    assert key.is_machine_code(ONE_STOP, code)
    assert len(code) == 32
    for wrong in ("", code[:-1], code.upper(), key.machine_code("H07.99"), "đ" * 32):
        assert not key.is_machine_code(ONE_STOP, wrong)
    assert not LookUpKey(bytes(31) + b"x").is_machine_code(ONE_STOP, code)
