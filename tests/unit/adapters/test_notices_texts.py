"""Texts of notices: templates that are checked at start, length of messages, and what stands in them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from shutil import copytree
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from adapters.notices.mail import can_be_used, mail_bytes
from adapters.notices.mail_client import proof_of
from adapters.notices.settings import NoticesSettings
from adapters.notices.sms import short_message, unaccented, within
from adapters.notices.templates import PURPOSES, STATUSES, read_templates
from adapters.notices.wording import email_of, sms_of, subject_of
from hub.dossier.rules.rulebook import RULES
from hub.errors import StartupError
from schemas.notice import Language, NoticeRequested
from schemas.types import IDENTITY_SHAPE
from tests.contract.notices_world import FACT_TIME, message

FOLDER = Path(__file__).parents[3] / "adapters" / "notices" / "templates"
KNOWN = read_templates(FOLDER)


def fact(**changes: Any) -> NoticeRequested:
    values = {"due_at": "2026-03-05T10:00:00Z", "amount": 1_250_000, "status": "delivered", **changes}
    return NoticeRequested.model_validate_json(message(**values).data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copytree(FOLDER, tmp_path / "templates")


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_every_notice_is_whole_in_both_languages_and_short_enough_as_a_message(
    language: Language, purpose: str
) -> None:
    known, asked = KNOWN[language], fact(purpose=purpose, language=language)
    for text in (subject_of(asked, known, None), email_of(asked, known, None), sms_of(asked, known, None)):
        assert "000.12.34.H07-260302-0001" in text
        assert "{" not in text
        assert "  " not in text
    assert "\n" not in subject_of(asked, known, None)
    assert "\n\n\n" not in email_of(asked, known, None)
    longest = fact(purpose=purpose, language=language, organisation_name="Bộ phận Một cửa " + "ắ" * 60)
    assert within(sms_of(longest, known, "https://motcua.mau.example/tra-cuu"), 3, is_unaccented=False)


@pytest.mark.parametrize("link", ["https://motcua.mau.example/tra-cuu", None])
def test_no_notice_has_a_link_but_that_of_the_site(link: str | None) -> None:
    for language, known in KNOWN.items():
        for purpose in PURPOSES:
            asked = fact(purpose=purpose, language=language)
            text = " ".join(make(asked, known, link) for make in (subject_of, email_of, sms_of))
            found = set(re.findall(r"(?:https?://|www\.)[^\s,;<>]+", text))
            assert {one.rstrip(".") for one in found} == ({link} if link is not None else set()), purpose


def test_words_of_an_officer_become_no_link() -> None:
    words = "Xem HTTPS://evil.example/a?b, www.evil.example, evil.example/x; TP.HCM, 1.5 m. a．vn, b。vn"
    asked = fact(purpose="supplement", points=[{"text": words}], guidance=words)
    broken = (
        "Xem HTTPS: //evil. example/a?b, www. evil. example, evil. example/x; TP. HCM, 1.5 m. a． vn, b。 vn"
    )
    assert email_of(asked, KNOWN["vi"], None).count(broken) == 2


def test_the_rule_of_each_template_is_one_that_the_hub_knows_or_that_it_notes_in_the_fact() -> None:
    known = {rule.id for rule in RULES} | {"15.2.b"}
    for templates in KNOWN.values():
        for template in templates.by_purpose.values():
            assert set(template.rule.split(", ")) <= known


def test_a_new_time_is_local_and_a_fee_has_its_points() -> None:
    assert "Hẹn trả kết quả mới: 17:00 05/03/2026." in sms_of(fact(purpose="reschedule"), KNOWN["vi"], None)
    assert "1.250.000 đồng" in sms_of(fact(purpose="fee"), KNOWN["vi"], None)


@pytest.mark.parametrize("status", STATUSES)
def test_what_the_post_did_is_said_in_words(status: str) -> None:
    assert status not in sms_of(fact(purpose="post", status=status), KNOWN["vi"], None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{amount} đồng.\n", "{total} đồng.\n", "[fee] email: there is no field {total}"),
        ("Số tiền: {amount} đồng.", "Số tiền ghi trên phiếu.", "[fee] email lacks the field {amount}"),
        ("{points}\n", "", "[supplement] email lacks the field {points}"),
        (
            "{amount} đồng.\n",
            "{amount:>999999999} đồng.\n",
            "[fee] email: {amount} stands alone in its brackets",
        ),
        ("{amount} đồng.\n", "{amount!r} đồng.\n", "[fee] email: {amount} stands alone in its brackets"),
        ('sms = "Đề nghị nộp', 'text = "Đề nghị nộp', "[fee] sms is missing"),
        ('rule = "3.5"', "rule = 35", "[fee] rule is no text"),
        ("[post]\n", "[mail]\n", "[mail] is no notice"),
        ('lost = "', 'gone = "', "[words] lacks lost"),
        ("{link}", "{link", "expected '}' before end of string"),
    ],
)
def test_a_template_with_a_missing_or_unknown_field_is_refused_with_file_and_line(
    folder: Path, old: str, new: str, said: str
) -> None:
    file = folder / "vi.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(StartupError) as refused:
        read_templates(folder)
    lines = [line for line in str(refused.value).splitlines() if said in line]
    assert lines
    number = int(lines[0].removeprefix(f"{file}:").partition(":")[0])
    assert 1 <= number <= len(text.splitlines())


def test_the_line_is_that_of_the_unknown_field(folder: Path) -> None:
    file = folder / "en.toml"
    text = file.read_text("utf-8").replace("Amount: {amount} VND.", "Amount: {amount} VND for {name}.")
    file.write_text(text, "utf-8")
    number = text[: text.index("{name}")].count("\n") + 1
    with pytest.raises(StartupError, match=rf"en.toml:{number}: \[fee\] email: there is no field {{name}}"):
        read_templates(folder)


def test_a_file_that_is_no_toml_is_refused_by_name(folder: Path) -> None:
    (folder / "vi.toml").write_text("[words\n", "utf-8")
    with pytest.raises(StartupError, match=r"vi.toml: .*line 1"):
        read_templates(folder)


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("a" * 152 + "€" * 5, "GSM-7", 2),
        ("ế" * 70, "UCS-2", 1),
        ("ế" * 71, "UCS-2", 2),
        ("a" * 134 + "ế", "UCS-2", 3),
        ("😀" * 35, "UCS-2", 1),
    ],
)
def test_a_message_is_counted_as_the_standard_counts_it(text: str, encoding: str, parts: int) -> None:
    found = short_message(text)
    assert (found.encoding, found.parts) == (encoding, parts)


def test_a_message_loses_its_accents_only_where_it_is_too_long_or_where_the_site_wants_it() -> None:
    assert unaccented("Đường Nguyễn Huệ – Ưu tiên “ạ”") == 'Duong Nguyen Hue - Uu tien "a"'
    text = "Hồ sơ đã có kết quả. " * 5
    kept, short = within(text, 2, is_unaccented=False), within(text, 1, is_unaccented=False)
    assert kept is not None
    assert short is not None
    assert (kept.text, short.encoding) == (text, "GSM-7")
    plain = within("Hồ sơ", 1, is_unaccented=True)
    assert plain is not None
    assert plain.text == "Ho so"
    assert within("a" * 400, 2, is_unaccented=False) is None


def test_the_same_notice_is_the_same_mail_and_no_text_reaches_its_head() -> None:
    asked = fact(procedure_title="Cấp giấy\r\nBcc: ke.xau@mau.example")
    text, subject = email_of(asked, KNOWN["vi"], None), "Hồ sơ"
    sender = ("Một cửa, xã Mẫu", "motcua@mau.example")

    def made() -> bytes:
        return mail_bytes(
            identity="notice-1",
            at=FACT_TIME,
            sender=sender,
            to="nguyen.thi.mau@mau.example",
            subject=subject,
            text=text,
            language="vi",
        )

    assert made() == made()
    assert b"\nBcc:" not in made()
    assert "Cấp giấy Bcc:" in text


@pytest.mark.parametrize("length", range(1, 130, 7))
def test_a_subject_and_a_name_come_out_as_they_went_in_however_long(length: int) -> None:
    words = ("Hồ sơ đã được tiếp nhận và hẹn trả kết quả giải quyết " * 3)[:length].strip()
    made = mail_bytes(
        identity="notice-1",
        at=FACT_TIME,
        sender=(words, "motcua@mau.example"),
        to="a@mau.example",
        subject=words,
        text="x",
        language="vi",
    )
    read = message_from_bytes(made, policy=default)
    assert read["Subject"] == words
    assert read["From"].addresses[0].addr_spec == "motcua@mau.example"
    told = str(make_header(decode_header(message_from_bytes(made)["From"]))).replace("\r\n", "")
    assert told == f"{words} <motcua@mau.example>".replace(words, f'"{words}"' if words.isascii() else words)
    assert read["Content-Language"] == "vi"
    assert max(len(line) for line in made.splitlines()) <= 78


def test_a_procedure_is_not_called_one_twice() -> None:
    asked = fact(procedure_title="Thủ tục đăng ký khai sinh")
    assert "thủ tục: Đăng ký khai sinh" in email_of(asked, KNOWN["vi"], None)


@pytest.mark.parametrize(
    "address", ["a b@mau.example", "a..b@mau.example", "@mau.example", "a@mau", "a@-b.vn"]
)
def test_an_address_that_a_mail_server_might_not_take_cannot_be_used(address: str) -> None:
    assert not can_be_used(address)
    assert can_be_used("nguyen.thi+mau@mau.example")


def test_a_proof_is_a_reference_without_blanks_and_without_a_number_like_a_persons() -> None:
    proof = proof_of("250 Đã nhận 083190000001 2.0.0", "mau@mau.example")
    assert proof.isascii()
    assert " " not in proof
    assert IDENTITY_SHAPE.search(proof) is None
    assert len(proof_of("x" * 200, "mau@mau.example")) == 64


@pytest.mark.parametrize(
    ("answer", "address", "proof"),
    [
        ("250 queued for <nguyen.mau@mau.example> as 4Xy", "nguyen.mau@mau.example", "250.queued.for.as.4Xy"),
        ("250 queued for nguyen mau as 4Xy", "nguyen.mau@mau.example", "250.queued.for.as.4Xy"),
        ("250 <other@mau.example>: ok", "nguyen.mau@mau.example", "250.:.ok"),
        ("sent to +84 900 000-001, SMS-7", "0900000001", "sent.to.,.SMS-7"),
        ("0900.000.001", "0900000001", "taken"),
        ("1234567890", "0900000001", "hijklmnopg"),
    ],
)
def test_a_proof_does_not_tell_who_was_told(answer: str, address: str, proof: str) -> None:
    assert proof_of(answer, address) == proof


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_host": "mail.mau.example"},
        {"sms_url": "https://sms.mau.example"},
        {"sms_quiet_from": "21:00"},
        {"smtp_user": "motcua"},
        {"smtp_user": "motcua", "smtp_password": "x", "smtp_security": "none"},
        {"smtp_host": "mail.mau.example", "sender": "a@b.vn", "smtp_security": "none"},
        {"sender": "a@b,c@d"},
    ],
)
def test_settings_that_do_not_go_together_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NoticesSettings(**wrong)
