"""What the page says of a dossier in each of its states, and that it says nothing of a person."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import get_args

import pytest
from msgspec.structs import replace

from hub.dossier.state.model import Dossier, Payment, Status, Verification
from hub.public.feedback_pages import complaint_page, feedback_part, said_page
from hub.public.pages import HEADERS, Asked, dossier_page, form_page, refusal_page
from hub.public.standing import standing_of
from hub.public.words import LANGUAGES, Language, texts
from hub.regulation.organisations import Organisation, Organisations
from schemas.types import ReturnChannel
from tests.support import dossiers
from tests.support.dossiers import AGENCY, AGENCY_CODE, CODE, COUNTER, MONDAY, ONE_STOP, OWNER

NOW = MONDAY.astimezone(UTC)
MOST_BYTES = 50_000
NAMES = Organisations(
    [
        Organisation(
            code=ONE_STOP, kind="section", level="commune", name_vi="Bộ phận Một cửa xã Mẫu",
            in_force_from=date(2020, 1, 1),
        ),
        Organisation(
            code=AGENCY_CODE, kind="committee", level="commune", name_vi="Ủy ban nhân dân xã Mẫu",
            in_force_from=date(2020, 1, 1),
        ),
    ]
)  # fmt: skip


def shown(dossier: Dossier, language: Language = "vi", now: datetime = NOW) -> str:
    standing = standing_of(dossier, dossiers.law(), NAMES, now)
    return dossier_page(Asked(CODE, "7K3M-9QXR", language), standing, now)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


class Outline(HTMLParser):
    """Tags in their order; every element that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("way", get_args(ReturnChannel))
def test_every_state_has_its_words_in_both_languages(
    status: Status, language: Language, way: ReturnChannel
) -> None:
    page = shown(replace(dossiers.accepted().now, status=status, return_channel=way), language)
    assert CODE in page
    assert len(page.encode()) < MOST_BYTES
    assert "{" not in text_of(page)


def test_every_text_is_there_in_both_languages_and_is_filled_alike() -> None:
    for key, text in texts().items():
        assert set(text) == set(LANGUAGES), key
        assert set(re.findall(r"{(\w+)}", text["vi"])) == set(re.findall(r"{(\w+)}", text["en"])), key


def test_a_dossier_in_process_says_its_step_its_time_and_that_nobody_has_to_come() -> None:
    text = text_of(shown(dossiers.in_process().now))
    assert "Tình trạng Đang giải quyết" in text
    assert "Ủy ban nhân dân xã Mẫu giải quyết hồ sơ và chuyển kết quả về Bộ phận Một cửa." in text
    assert "Ngày hẹn trả kết quả" in text
    assert "Chưa cần đến. Bộ phận Một cửa nhận hồ sơ: Bộ phận Một cửa xã Mẫu." in text
    assert "Mang theo" not in text
    assert "Vì sao chậm" not in text


def test_a_code_is_not_broken_at_its_dash() -> None:
    heading = shown(dossiers.in_process().now).partition("<h1>")[2].partition("</h1>")[0]
    assert heading == f'Hồ sơ <span class="word">{CODE}</span>'
    said = said_page(Asked(CODE, "7K3M-9QXR", "vi"), "rated")
    assert f'Hồ sơ <span class="word">{CODE}</span></button>' in said


def test_nobody_has_to_come_any_more_for_a_dossier_that_is_over() -> None:
    text = text_of(shown(replace(dossiers.issued().now, status="returned", custody={})))
    assert "Không cần đến nữa. Bộ phận Một cửa đã nhận hồ sơ: Bộ phận Một cửa xã Mẫu." in text
    assert "Chưa cần đến" not in text


def test_a_result_says_where_to_come_when_and_with_what() -> None:
    text = text_of(shown(replace(dossiers.issued().now, return_channel="in_person")))
    assert "Đến nhận kết quả." in text
    assert (
        "Nơi đến Bộ phận Một cửa xã Mẫu Giờ làm việc: thứ Hai đến thứ Sáu, 07:00-11:00, 13:00-17:00" in text
    )
    assert "Giấy tiếp nhận hồ sơ và hẹn trả kết quả (mẫu 01)" in text
    assert "Văn bản ủy quyền, nếu nhận thay" in text


def test_a_supplement_names_the_papers_that_are_asked_for() -> None:
    story = dossiers.in_process()
    story.accepts(dossiers.supplement_request("appraisal"), AGENCY)
    text = text_of(shown(story.now))
    assert "Chờ người nộp bổ sung hồ sơ" in text
    assert "Chưa tính: thời gian giải quyết được tính lại" in text
    asked = [component for _, component in story.now.open_points]
    names = {
        one.code: one.name for one in dossiers.law().catalogue.procedures[story.now.procedure].components
    }
    assert asked
    assert all(names[one].split()[0] in text for one in asked if one in names)


def test_delay_has_its_reasons() -> None:
    dossier = dossiers.in_process().now
    assert dossier.due_at is not None
    late = dossier.due_at + timedelta(hours=1)
    assert "Hạn trả kết quả là" in text_of(shown(dossier, now=late))
    verified = replace(dossier, verifications={"XM-01": Verification(late)}, apologies=1)
    text = text_of(shown(verified, now=late))
    assert "Cơ quan giải quyết phải thẩm tra, xác minh thực tế." in text
    assert "Ủy ban nhân dân xã Mẫu đã có văn bản xin lỗi và hẹn lại" in text
    story = dossiers.in_process()
    story.accepts(dossiers.question(), AGENCY)
    assert "Đang chờ ý kiến của H07.21" in text_of(shown(story.now))


def test_a_fee_that_is_due_is_named_with_its_sum() -> None:
    dossier = replace(dossiers.accepted().now, payments={"P1": Payment("requested", 125_000)})
    text = text_of(shown(dossier))
    assert "Nộp 125.000 đồng phí, lệ phí." in text
    assert "Tiền phí, lệ phí: 125.000 đồng" in text
    paid = replace(dossier, payments={"P1": Payment("paid", 125_000)})
    assert "125.000" not in text_of(shown(paid))


def test_no_page_names_a_person_or_shows_what_was_typed_as_markup() -> None:
    page = shown(dossiers.issued().now)
    for personal in (OWNER.name, OWNER.identity_number, OWNER.phone, OWNER.address):
        assert personal is None or str(personal) not in page
    evil = Asked('"><script>alert(1)</script>', "x", "vi")
    for made in (form_page(evil), refusal_page(evil, "unknown")):
        assert "<script" not in made


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_needs_no_script_loads_nothing_and_can_be_read_by_a_screen_reader(language: Language) -> None:
    asked = Asked(language=language)
    pages = (form_page(asked), refusal_page(asked, "unknown"), shown(dossiers.issued().now, language))
    for page in pages:
        outline = Outline(page)
        assert not outline.of("script", "link", "img", "iframe")
        assert outline.of("html") == [{"lang": language}]
        assert len(outline.of("h1")) == 1
        assert len(outline.of("title")) == 1
        fields = [one for one in outline.of("input") if one["type"] != "hidden"]
        assert {one["id"] for one in fields} == {one["for"] for one in outline.of("label")}
        ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
    assert "script-src" not in HEADERS["content-security-policy"]
    assert "default-src 'none'" in HEADERS["content-security-policy"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_forms_of_rating_and_complaint_have_a_word_for_each_field(language: Language) -> None:
    dossier = replace(dossiers.issued().now, status="returned", ratings={"agency": 4})
    standing = standing_of(dossier, dossiers.law(), NAMES, NOW)
    asked = Asked(CODE, "7K3M-9QXR", language, is_kiosk=True)
    below = dossier_page(asked, standing, NOW, feedback_part(asked, standing))
    assert 'name="diem-one-stop"' in below
    assert 'name="diem-agency"' not in below
    assert '<meta http-equiv="refresh"' in below
    for page in (below, complaint_page(asked, "0" * 32), said_page(asked, "sent")):
        outline = Outline(page)
        written = [one for one in outline.of("input", "textarea") if one.get("type") in ("text", None)]
        labelled = {one["for"] for one in outline.of("label") if "for" in one}
        assert {one["id"] for one in written} == labelled
        assert len(page.encode()) < MOST_BYTES
        assert "{" not in text_of(page)


def test_a_dossier_that_is_not_finished_is_not_rated() -> None:
    standing = standing_of(dossiers.in_process().now, dossiers.law(), NAMES, NOW)
    assert standing.unrated == ()
    assert "danh-gia" not in feedback_part(Asked(CODE, "x"), standing)


def test_a_dossier_that_went_back_to_the_counter_is_shown_until_its_end() -> None:
    story = dossiers.issued()
    listed = dossiers.law().catalogue.procedures[story.now.procedure].results
    story.accepts(dossiers.result_return(codes=tuple(one.code for one in listed)), COUNTER)
    assert "Hồ sơ đã giải quyết xong." in text_of(shown(story.now))
