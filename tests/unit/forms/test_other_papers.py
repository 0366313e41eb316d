"""Slips, minutes and letters of a dossier's facts, as another program reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import ImageChops, ImageStat
from typer.testing import CliRunner, Result

from hub.cli import forms as commands
from hub.cli.main import app
from hub.forms.case_file import CaseFile, short_name
from hub.forms.errors import FormError, NotIssuedError
from hub.forms.other_papers import installed_papers, printed_paper, sheet_of_paper
from tests.support.forms import PAPERS, case, codes_of, form_set, pages_of, sample, stored_picture, text_of

SAID = {
    "hand-over": ("PKS-2026-0001", "Bên nhận: Ủy ban nhân dân xã Mẫu", "Giấy chứng sinh", "Đỗ Văn Ví Dụ"),
    "transfer-slip": (
        "Số: PCXL-2026-0001",
        "Kính gửi: Ủy ban nhân dân xã Ví Dụ",
        "Xác nhận nơi cư trú của người mẹ",
        "17 giờ 00 phút, ngày 08 tháng 01 năm 2026",
        "Đã giải quyết: Giấy chứng sinh hợp lệ",
        "Nguyễn Văn Thử",
    ),
    "post-minutes": ("Số: BB-2026-0001", "RX000000001VN", "Trích lục khai sinh", "08 giờ 10 phút"),
    "urging": ("Số: 15/BPMC-ĐĐ", "TL. CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ MẪU", "Hồ Thị Trưởng Mẫu", "quá thời hạn"),
    "loss": ("L1", "bị thất lạc", "Giấy chứng sinh", "Khi kiểm đếm cuối buổi"),
    "true-copy": (
        "SAO Y",
        "Ủy ban nhân dân xã Mẫu 2026-01-06T14:19:08+07:00",
        "Giấy chứng sinh",
        "Số trang: 2",
    ),
    "payment": (
        "Số: TT-260105-0001",
        "61.000",
        "Sáu mươi mốt nghìn đồng",
        "GD0000000001",
        "Cổng dịch vụ công",
    ),
    "loss-apology": ("Số: 16/TXL", "Nguyễn Văn Thử", "đã được cấp lại", "50.000 đồng"),
}
TOLERANCE = 1.5


NOWHERE = {
    "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    "HUB_KAFKA__USER": "a",
    "HUB_KAFKA__PASSWORD": "a",
    "HUB_POSTGRES__DSN": "postgresql://127.0.0.1:1/a",
    "HUB_MASTER_KEY_FILE": "/no/such/key",
}


def typed(*words: str) -> Result:
    """A command of `hub forms`, which needs settings and no server."""
    return CliRunner().invoke(app, ["forms", *words], env=NOWHERE)


def without(*names: str) -> CaseFile:
    made = case()
    return replace(made, facts=[fact for fact in made.facts if short_name(fact) not in names])


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_says_what_its_fact_says_and_is_the_same_bytes_each_time(name: str) -> None:
    made = sample(name)
    assert made == sample(name)
    assert b"pdfaid" in made
    text = text_of(made)
    for said in (*SAID[name], "000.12.34.H07-260105-0001"):
        assert said in text
    (code,) = codes_of(made)
    assert code.split("|")[3] == installed_papers().by_name[name].vi


@pytest.mark.parametrize("name", PAPERS)
def test_it_looks_as_it_was_looked_at(name: str) -> None:
    for page, picture in enumerate(pages_of(sample(name))):
        stored = stored_picture(name, page)
        assert picture.size == stored.size
        assert ImageStat.Stat(ImageChops.difference(picture, stored.convert("L"))).mean[0] < TOLERANCE


@pytest.mark.parametrize("length", [41, 100])
def test_a_long_number_leaves_the_code_readable_and_is_one_word(length: int) -> None:
    """Payments and minutes have numbers of other systems."""
    number = "01a22e61-9b0e-8a38-9f28-7d01f678bb0c".ljust(length, "7")
    made = case()
    changed = [
        {**fact, "data": {**fact["data"], "payment": number}}
        if short_name(fact).startswith("payment.")
        else fact
        for fact in made.facts
    ]
    paper = printed_paper("payment", form_set(), replace(made, facts=changed))
    assert f"Số: {number}" in text_of(paper)
    assert codes_of(paper) == codes_of(sample("payment"))


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("hand-over", "paper.handed_over"),
        ("post-minutes", "pickup.progressed"),
        ("post-minutes", "pickup.ordered"),
        ("transfer-slip", "leg.started"),
        ("transfer-slip", "leg.planned"),
        ("urging", "reminder.issued"),
        ("loss", "loss.recorded"),
        ("loss-apology", "loss.settled"),
        ("payment", "payment.recorded"),
        ("true-copy", "copy.certified"),
        ("true-copy", "copy.registered"),
    ],
)
def test_a_paper_that_was_not_issued_is_not_made(name: str, gone: str) -> None:
    with pytest.raises(NotIssuedError):
        printed_paper(name, form_set(), without(gone))


def test_a_reminder_without_a_letter_is_no_letter() -> None:
    made = case()
    for fact in made.facts:
        if short_name(fact) == "reminder.issued":
            del fact["data"]["letter"]
    with pytest.raises(NotIssuedError, match="urging"):
        printed_paper("urging", form_set(), made)


def test_an_urging_letter_says_nothing_of_the_applicant_in_its_code_either() -> None:
    made = sample("urging")
    person = case().last("dossier.submitted")["data"]["applicant"]
    (code,) = codes_of(made)
    told = f"{text_of(made)} {code} {sheet_of_paper('urging', form_set(), case()).content}"
    assert not [value for name, value in person.items() if name != "kind" and value in told]


def test_an_urging_letter_about_a_limit_that_has_not_passed_does_not_say_that_it_has() -> None:
    made = case()
    for fact in made.facts:
        if short_name(fact) == "reminder.issued":
            fact["data"]["overdue_s"] = 0
    assert "quá thời hạn" not in text_of(printed_paper("urging", form_set(), made))


def test_letters_to_agencies_name_no_applicant() -> None:
    for name in ("urging", "hand-over", "loss"):
        assert "Nguyễn Văn Thử" not in text_of(sample(name))


def test_all_templates_are_checked_by_a_command_that_names_file_and_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = typed("check")
    assert (ended.exit_code, ended.stdout) == (0, "6 forms and 8 papers can be made\n")
    known = installed_papers()
    broken = known.files["loss.typ"].replace(b"form.loss", b"form.lose")
    wrong = replace(known, files={**known.files, "loss.typ": broken})
    monkeypatch.setattr("hub.forms.other_papers.installed_papers", lambda: wrong)
    monkeypatch.setattr(commands, "installed_papers", lambda: wrong)
    ended = typed("check")
    assert ended.exit_code != 0
    assert isinstance(ended.exception, FormError) or "loss.typ" in ended.output
    assert "loss.typ" in f"{ended.exception}{ended.output}"


def test_the_list_has_the_papers_with_the_rule_that_asks_for_each() -> None:
    ended = typed("list", "--json")
    assert ended.exit_code == 0
    for name in PAPERS:
        assert f'"{name}"' in ended.stdout
