"""The profile as data: the values of QĐ 45/2023/QĐ-UBND, and what a wrong file is told."""

from __future__ import annotations

from datetime import date, time
from importlib.resources import files

import pytest

from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book
from hub.regulation.profile import read_profile
from hub.regulation.status import DossierStatus
from tests.support.dossiers import law

PROFILE = law().profile
TEXT = (files("hub.regulation.data") / f"profiles/{PROFILE.ref}.toml").read_text(encoding="utf-8")


def test_a_profile_is_known_by_name_and_by_reference() -> None:
    assert PROFILE.ref == "bentre-45-2023@2"
    assert load_book("bentre-45-2023@2").in_force(date(2026, 10, 5)).profile == PROFILE
    assert load_book().in_force(date(2023, 12, 18)).profile.in_force_from == date(2023, 12, 18)


@pytest.mark.rule("10")
def test_the_one_stop_opens_eight_hours_from_monday_to_friday() -> None:
    assert PROFILE.hours.weekdays == {1, 2, 3, 4, 5}
    assert [(session.opens, session.closes) for session in PROFILE.hours.sessions] == [
        (time(7), time(11)),
        (time(13), time(17)),
    ]


def test_limits_are_those_of_the_decision() -> None:
    assert PROFILE.intake.online_limit_working_hours == 8
    assert PROFILE.forward.paper_cutoff == time(15)
    assert PROFILE.supplement.max_requests("intake") == 1
    assert PROFILE.supplement.max_requests("appraisal") == 1
    assert PROFILE.supplement.notice_working_days == 3
    assert PROFILE.supplement.after == "restart"
    assert PROFILE.reschedule.max_count == 1
    assert PROFILE.reschedule.apology_lead_working_days == 1
    assert PROFILE.due.mode == "end_of_day"
    assert PROFILE.due.late_acts == "record"
    assert PROFILE.due.pause_on_status == {5, 6, 8}


@pytest.mark.rule("15.2.a")
def test_social_networks_are_no_channel_of_intake_notices() -> None:
    assert PROFILE.notices.intake == {"email", "sms", "call"}
    assert "social" in PROFILE.notices.reschedule
    assert "social" in PROFILE.notices.early


@pytest.mark.rule("12.1")
def test_forms_have_their_numbers_and_both_names() -> None:
    assert [(form.number, form.kind) for form in PROFILE.forms] == [
        ("01", "receipt"),
        ("02", "supplement"),
        ("03", "refusal"),
        ("04", "apology"),
        ("05", "control_slip"),
        ("06", "register"),
    ]
    assert PROFILE.form("apology").vi == "Phiếu xin lỗi và hẹn lại ngày trả kết quả"
    assert PROFILE.form("register").paper == "A4"


def test_statuses_are_the_ten_codes_with_both_texts() -> None:
    assert len(DossierStatus) == 10
    assert PROFILE.status(DossierStatus.SUPPLEMENT_REQUESTED).vi == "Yêu cầu bổ sung giấy tờ"
    assert PROFILE.status(DossierStatus.RETURNED).en == "Result returned"
    assert [text.number for text in PROFILE.statuses] == list(range(1, 11))


def test_channels_have_the_numbers_of_the_national_portal() -> None:
    assert PROFILE.channel_codes == {"in_person": 1, "online": 2, "post": 3, "email": 2}


def test_postal_transit_is_that_of_the_circular() -> None:
    table = {name: (row.normal, row.with_slip) for name, row in PROFILE.postal.transit.items()}
    assert table == {
        "within_district": (1, 2),
        "within_province": (2, 4),
        "between_major_cities": (3, 6),
        "inter_province": (4, 8),
    }
    assert PROFILE.postal.invitations == 2


@pytest.mark.parametrize(
    ("find", "put", "named"),
    [
        ("version = 2\n", "version = 2\nsurprise = true\n", "surprise"),
        ("max_count = 1", "max_counts = 1", "reschedule.max_count"),
        ('after = "restart"', 'after = "forget"', "supplement.after"),
        ("notice_working_days = 3", "notice_working_days = -3", "supplement.notice_working_days"),
        ("number = 10", "number = 9", "ten codes"),
        ('number = "02"', 'number = "01"', "twice"),
        ("[hours]", "[hours", "TOML"),
        ("(?:\\d{3}", "(?:\\d{3}(", "dossier_code"),
    ],
)
def test_a_wrong_profile_file_is_refused_with_the_name_of_the_field(find: str, put: str, named: str) -> None:
    assert find in TEXT
    with pytest.raises(ProfileError, match=named):
        read_profile(TEXT.replace(find, put, 1))


@pytest.mark.parametrize("name", ["bentre-45-2023@9", "nowhere", "../profile"])
def test_an_unknown_profile_or_version_is_an_error_at_start(name: str) -> None:
    with pytest.raises(ProfileError):
        load_book(name)
