"""Forms 01 to 05 as another program reads the PDF; the same bytes from the same facts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import ImageChops, ImageStat

from hub.forms.case_file import CaseFile, short_name
from hub.forms.contents import content_of
from hub.forms.errors import FormError, NotIssuedError
from hub.forms.form_set import form_of, set_of
from hub.forms.issuing import printed
from hub.forms.signs import on_paper
from hub.regulation.lawbook import DEFAULT_REGULATION
from schemas.dossier import DossierAccepted, DossierDeclined, SupplementRequested
from schemas.due import ApologySent
from tests.support.forms import (
    LATER,
    LATER_NUMBERS,
    PAPERS,
    case,
    codes_of,
    form,
    form_set,
    law,
    looks_like,
    pages_of,
    pictures_of_dots,
    reach_of,
    sample,
    stored_picture,
    text_of,
)

NUMBERS = ("01", "02", "03", "04", "05")
TOLERANCE = 1.5
"""Mean difference of a page's grey values (0 to 255): another version of the renderer smooths otherwise."""
BEFORE_A_CODE = {"dossier.submitted", "dossier.withdrawn"}
LETTERS = "".join(
    unicodedata.normalize("NFC", base + tone)
    for base in "aăâeêioôơuưy"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
)
ALL_LETTERS = "đ" + LETTERS + "Đ" + LETTERS.upper()


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> CaseFile:
    """The invented dossier, with one fact altered."""
    made = case()
    for fact in made.facts:
        if short_name(fact) == name:
            change(fact["data"])
    return made


@pytest.mark.parametrize("number", [*NUMBERS, "06"])
def test_the_same_facts_give_the_same_bytes_and_they_are_pdf_a(number: str) -> None:
    made = sample(number)
    assert made == sample(number)
    assert b"<pdfaid:part>2</pdfaid:part>" in made
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in made


@pytest.mark.parametrize("number", [*NUMBERS, "06"])
def test_it_looks_as_it_was_looked_at(number: str) -> None:
    for page, picture in enumerate(pages_of(sample(number))):
        stored = stored_picture(number, page)
        assert picture.size == stored.size
        assert ImageStat.Stat(ImageChops.difference(picture, stored)).mean[0] < TOLERANCE


@pytest.mark.parametrize("number", LATER_NUMBERS)
def test_a_form_of_the_later_set_looks_as_it_was_looked_at(number: str) -> None:
    made = sample(number, LATER)
    assert made == sample(number, LATER)
    for page, picture in enumerate(pages_of(made)):
        assert looks_like(picture, f"tt03-{number}-{page}.png")
    assert form(number, LATER).vi.upper() in text_of(made)


def test_facts_name_the_forms_of_the_later_set_by_their_numbers() -> None:
    kinds = {one.kind: one.number for one in law(LATER).profile.forms}
    assert kinds == {
        "receipt": "01", "supplement": "02", "refusal": "03", "apology": "04",
        "stop": "05", "control_slip": "06", "register": "07",
    }  # fmt: skip
    facts = (DossierAccepted, SupplementRequested, DossierDeclined, ApologySent)
    assert [fact.model_fields["form"].default for fact in facts] == ["01", "02", "03", "04"]
    assert set(form_set(LATER).assumed) == set(kinds), "nobody has read the annex"


def test_a_dossier_that_its_applicant_took_back_before_it_had_a_code_gets_its_notice_too() -> None:
    early = replace(case(), facts=[one for one in case().facts if short_name(one) in BEFORE_A_CODE])
    text = text_of(printed(form("05", LATER), form_set(LATER), early))
    assert "Bộ phận tiếp nhận và trả kết quả xã Mẫu nhận được hồ sơ nêu trên." in text


def test_a_picture_of_another_form_is_seen_as_another() -> None:
    difference = ImageChops.difference(pages_of(sample("02"))[0], stored_picture("03", 0))
    assert ImageStat.Stat(difference).mean[0] > 2 * TOLERANCE


def test_form_01_says_what_the_acceptance_says_on_two_copies() -> None:
    text = text_of(sample("01"))
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "000.12.34.H07-260105-0001",
        "Xã Mẫu, ngày 05 tháng 01 năm 2026",
        "Trần Văn Thử Thay (người được ủy quyền của Nguyễn Văn Thử)",
        "3. Thời gian giải quyết hồ sơ theo quy định là: 01 ngày làm việc",
        "08 giờ 20 phút, ngày 06 tháng 01 năm 2026",
        "nhà, qua dịch vụ bưu chính công ích",
        "Liên 1: lưu kèm phiếu kiểm soát",
        "Liên 2: giao người nộp hồ sơ",
    ):
        assert part in text, part
    assert "WORKING_DAY" not in text
    assert "KQ0" not in text, "codes stand where a name exists"


def test_form_02_names_each_gap_with_its_reason_and_who_asks() -> None:
    text = text_of(sample("02"))
    assert "Giấy chứng sinh thiếu dấu của cơ sở y tế" in text
    assert "Tờ khai chưa ghi nơi cư trú của người mẹ" in text
    assert "Bộ phận tiếp nhận và trả kết quả xã Mẫu hướng dẫn Ông/Bà: Nguyễn Văn Thử" in text
    by_agency = changed("dossier.supplement_requested", lambda data: data.update(stage="appraisal"))
    assert "Ủy ban nhân dân xã Mẫu hướng dẫn" in text_of(printed(form("02"), form_set(), by_agency))


def test_form_03_names_the_reason_in_words_and_the_competent_agency() -> None:
    text = text_of(sample("03"))
    assert "Hồ sơ không thuộc thẩm quyền giải quyết." in text
    assert "Cơ quan có thẩm quyền giải quyết: Ủy ban nhân dân xã Ví Dụ" in text


def test_form_04_has_the_old_and_the_new_time() -> None:
    text = text_of(sample("04"))
    assert "Thời gian hẹn trả kết quả: 08 giờ 20 phút, ngày 06 tháng 01 năm 2026" in text
    assert "17 giờ 00 phút, ngày 09 tháng 01 năm 2026" in text


@pytest.mark.parametrize(
    ("overdue_s", "issued_at", "outcome"),
    [
        (0, "2026-01-05T23:59:00+07:00", "Trước hạn"),
        (0, "2026-01-06T08:00:00+07:00", "Đúng hạn"),
        (60, "2026-01-06T08:21:00+07:00", "Quá hạn"),
    ],
)
def test_form_05_has_a_row_for_each_hand_over_and_how_the_result_came(
    overdue_s: int, issued_at: str, outcome: str
) -> None:
    made = changed("result.issued", lambda data: data.update(overdue_s=overdue_s, issued_at=issued_at))
    rows = content_of(form("05"), made, form_set())["hand_overs"]
    assert [row["outcome"] for row in rows] == [None, outcome, None]
    assert rows[0]["note"] == "PKS-2026-0001"
    assert (rows[2]["taker"], rows[2]["taker_name"]) == ("Người nộp hồ sơ", "Nguyễn Văn Thử")


def test_a_control_slip_costs_sixty_rows_whatever_number_of_hand_overs_there_was() -> None:
    whole = case()
    (one,) = (fact for fact in whole.facts if fact["type"] == "onestop.paper.handed_over.v1")
    numbered = [{**one, "data": {**one["data"], "slip": f"PKS-{number}"}} for number in range(1000)]
    accepted = [fact for fact in whole.facts if short_name(fact) in {"dossier.submitted", "dossier.accepted"}]
    rows = content_of(form("05"), replace(whole, facts=[*accepted, *numbered]), form_set())["hand_overs"]
    assert [row["note"] for row in rows[:11]] == [*(f"PKS-{number}" for number in range(10)), "[… 940 …]"]
    assert [row["note"] for row in rows[11:]] == [f"PKS-{number}" for number in range(950, 1000)]
    few = replace(whole, facts=[*accepted, *numbered[:60]])
    assert len(content_of(form("05"), few, form_set())["hand_overs"]) == 60
    assert printed(form("05"), form_set(), replace(whole, facts=[*accepted, *numbered]))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_code_at_the_top_left_says_what_the_circular_asks_for(number: str) -> None:
    found, *others = codes_of(sample(number))
    assert len(others) == (number == "01")
    code, procedure, person, paper, _system, issued, *due = found.split("|")
    assert (code, procedure, person) == ("000.12.34.H07-260105-0001", "1.001193", "083090000001")
    assert paper == form(number).vi
    assert issued.startswith("2026-01-0")
    assert due == (["2026-01-06T08:20+07:00"] if number == "01" else [])


def test_every_vietnamese_letter_can_be_read_copied_and_searched() -> None:
    halves = ALL_LETTERS[:74], ALL_LETTERS[74:]
    assert len(set(ALL_LETTERS)) == 146
    for half in halves:
        made = changed("dossier.submitted", lambda data, half=half: data["applicant"].update(name=half))  # type: ignore[misc]
        assert half in text_of(printed(form("03"), form_set(), made)).replace(" ", "")


def test_a_name_of_80_letters_and_40_papers_take_more_pages_and_lose_nothing() -> None:
    name = "Nguyễn " * 11 + "Thử"
    long = changed("dossier.submitted", lambda data: data["applicant"].update(name=name, phone=None))
    papers = [one.code for one in long.procedure.components]
    listed = [{"code": papers[n % len(papers)], "originals": n, "copies": 40 - n} for n in range(1, 41)]
    for fact in long.facts:
        if short_name(fact) == "dossier.accepted":
            fact["data"]["components"] = listed
    made = printed(form("01"), form_set(), long)
    assert len(pages_of(made)) >= 4
    assert text_of(made).count(name) >= 2
    assert all(f" {n} {40 - n} " in text_of(made) for n in (20, 30, 39))


@pytest.mark.parametrize("regulation", [DEFAULT_REGULATION, LATER])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_word_that_is_longer_than_its_line_stays_on_the_paper_and_is_copied_whole(
    number: str, regulation: str
) -> None:
    address, name = "x" * 80 + "@vi-du.example", "Nguyễn" * 20
    made = changed("dossier.submitted", lambda data: data["applicant"].update(email=address, name=name))
    pdf = printed(form(number, regulation), form_set(regulation), made)
    assert reach_of(pdf) < 1 - 9 / 148, "the margin is one centimetre"
    if number in {"01", "02", "03", "04"}:
        assert {address, name} <= {word for word in (address, name) if word in text_of(pdf).replace(" ", "")}


def test_papers_can_be_enlarged_to_any_size() -> None:
    """Letters, lines and codes are drawn: at 200 % the page is as sharp."""
    for number in (*NUMBERS, "06", *PAPERS):
        assert pictures_of_dots(sample(number)) == 0, number


def test_what_people_write_is_text_and_never_a_command_of_the_template() -> None:
    evil = '#panic("x") *đậm* $x^2$ `a` [b] \\ // @c <d> #sys.inputs'
    made = changed("dossier.submitted", lambda data: data.update(summary=evil))
    assert evil in text_of(printed(form("02"), form_set(), made))


def test_a_form_that_was_not_issued_is_not_made() -> None:
    early = replace(case(), facts=case().facts[:1])
    for number in NUMBERS:
        with pytest.raises(NotIssuedError):
            printed(form(number), form_set(), early)


def test_a_template_that_asks_for_an_unknown_field_is_named_with_its_line() -> None:
    good = form_set()
    broken = replace(good, files={**good.files, "03.typ": b'#import "common.typ": *\n\n#form.nmae\n'})
    with pytest.raises(FormError, match=r"03\.typ(?s:.)*nmae"):
        printed(form("03"), broken, case())


def test_a_code_without_a_word_is_refused_and_not_printed() -> None:
    made = changed("dossier.submitted", lambda data: data.update(return_channel="pigeon"))
    with pytest.raises(FormError, match="pigeon"):
        printed(form("01"), form_set(), made)


def test_a_form_of_many_dossiers_is_not_made_of_one() -> None:
    with pytest.raises(FormError, match="hub forms register"):
        printed(form("06"), form_set(), case())


def test_a_number_or_a_profile_that_has_no_form_is_refused_in_words() -> None:
    profile = law().profile
    with pytest.raises(FormError, match="no form 99, it has 01, 02"):
        form_of(profile, "99")
    with pytest.raises(FormError, match=r"no form set serves bentre-45-2023@2"):
        set_of({}, profile)


@pytest.mark.parametrize(
    ("name", "printed_as"),
    [
        ("Trần \U0001f600", "Trần [U+1F600]"),
        ("阮文試", "[U+962E][U+6587][U+8A66]"),
        ("A\u202eB", "A[U+202E]B"),
        ("A\u200bB", "A[U+200B]B"),
        ("A\ue000\x9bB", "A[U+E000][U+009B]B"),
        ("Trần A\n5. Thời gian trả kết quả: hôm nay", "Trần A 5. Thời gian trả kết quả: hôm nay"),
        ("A\x85B\u2028C\tD", "A B C D"),
    ],
)
def test_a_sign_without_a_picture_is_written_out_and_a_name_makes_no_lines(
    name: str, printed_as: str
) -> None:
    made = changed("dossier.submitted", lambda data: data["applicant"].update(name=name))
    assert content_of(form("03"), made, form_set())["person"]["name"] == name
    assert on_paper({"name": name}) == {"name": printed_as}
    text = text_of(printed(form("03"), form_set(), made)).replace(" ", "")
    assert printed_as.replace(" ", "") in text


def test_an_office_makes_the_lines_of_its_own_words() -> None:
    assert on_paper({"explanation": "a\nb\u202ec", "gaps": [{"reason": "a\nb", "name": "a\nb"}]}) == {
        "explanation": "a\nb[U+202E]c", "gaps": [{"reason": "a\nb", "name": "a b"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "words", ["😀" * 4000, "a\u00ad" * 2000, "a\n" * 2000, "阮" * 4000, "\u202e\n" * 2000]
)
def test_a_text_costs_what_its_length_costs_whatever_stands_in_it(words: str) -> None:
    printed_as = on_paper({"reason": words})["reason"]
    assert len(printed_as) <= 4000 + 100 * len("[U+10FFFF]") + 2000 * len("[…]")
    assert printed_as.count("\n") <= 60
    assert printed_as.count("[U+") <= 100
    made = changed("dossier.supplement_requested", lambda data: data.update(gaps=[{"reason": words}] * 3))
    assert text_of(printed(form("02"), form_set(), made))


def test_signs_without_a_picture_are_written_out_a_hundred_times_and_then_told_in_one() -> None:
    assert on_paper("阮" * 103 + "a阮阮b") == "[U+962E]" * 100 + "[…]a[…]b"


def test_form_01_leads_to_the_page_where_its_dossier_is_looked_up() -> None:
    page = case().page
    assert page is not None
    check = page.key.check_code("000.12.34.H07-260105-0001")
    link = f"https://tra-cuu.vi-du.example/tra-cuu?ma=000.12.34.H07-260105-0001&kt={check}"
    assert link in codes_of(sample("01"))
    text = text_of(sample("01"))
    assert text.count(f"Mã kiểm tra: {check}") == 2
    assert "Tra cứu: tra-cuu.vi-du.example" in text


def test_form_01_says_nothing_of_a_page_that_there_is_not() -> None:
    made = printed(form("01"), form_set(), replace(case(), page=None))
    assert len(codes_of(made)) == 1
    assert "Tra cứu" not in text_of(made)
