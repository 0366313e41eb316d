"""What completes the national records: approved schedules, fees by the piece, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from hub.regulation.catalogue import Catalogue
from hub.regulation.completion import completed
from hub.regulation.errors import ProfileError
from tests.support.dossiers import law

CATALOGUE = law().catalogue
OPEN, PUBLISHED = "1.004884", "2.001610"
"""A procedure whose record leaves the fee open, and one whose record gives it."""
SCHEDULE = """
[[procedures."1.004884".schedules]]
kind = "service_fee"
channels = ["in_person"]
provision = "Nghị quyết mẫu số 01/NQ-HĐND"
in_force_from = 2026-01-01
in_force_until = 2027-01-01
sums = [{ amount = 8000, text = "Đăng ký lại", per = "bản", pieces = 3 }]
"""
BY_PIECE = """
[[procedures."2.001610".by_piece]]
kind = "fee"
amount = 8000
per = "bản"
pieces = 2
source = "x"
"""


def complete(text: str) -> Catalogue:
    return completed(CATALOGUE, {"completions/mine.toml": text.encode()})


def test_a_schedule_stands_for_its_channels_and_days_and_leaves_the_rest_of_the_record() -> None:
    found = complete(SCHEDULE)
    procedure = found.procedures[OPEN]
    assert found.version != CATALOGUE.version
    schedule = procedure.schedule("service_fee", "in_person", date(2026, 12, 31))
    assert schedule is not None
    assert [(one.amount, one.per, one.pieces) for one in schedule.sums] == [(8000, "bản", 3)]
    assert procedure.schedule("service_fee", "in_person", date(2027, 1, 1)) is None
    assert procedure.schedule("service_fee", "in_person", date(2025, 12, 31)) is None
    assert procedure.schedule("service_fee", "online", date(2026, 6, 1)) is None
    assert procedure.schedule("fee", "in_person", date(2026, 6, 1)) is None
    assert procedure.channels == CATALOGUE.procedures[OPEN].channels
    others = {code: one for code, one in found.procedures.items() if code != OPEN}
    assert others == {code: one for code, one in CATALOGUE.procedures.items() if code != OPEN}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SCHEDULE.replace(OPEN, "9.999999"), "no such procedure"),
        (SCHEDULE.replace(OPEN, PUBLISHED), "leaves no service_fee open"),
        (SCHEDULE.replace('["in_person"]', '["email"]'), "leaves no service_fee open"),
        (SCHEDULE + SCHEDULE.replace("2026-01-01", "2026-07-01"), "in force at once"),
        (SCHEDULE.replace("amount = 8000", "amount = 0"), "greater than or equal"),
        (SCHEDULE.replace("pieces = 3", "pieces = 100"), "less than or equal"),
        (SCHEDULE.replace('"Nghị quyết mẫu số 01/NQ-HĐND"', '"  "'), "pattern"),
        (SCHEDULE.replace("provision", "provisions"), "provision"),
        ("[[schedules", "completions/mine.toml: "),
        (BY_PIECE, "publishes no fee of 8000"),
    ],
)  # fmt: skip
def test_a_file_that_the_records_do_not_bear_out_is_refused_whole(text: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        complete(text)


def test_two_schedules_may_follow_each_other() -> None:
    second = SCHEDULE.replace("2027-01-01", "2028-01-01").replace("2026-01-01", "2027-01-01")
    found = complete(SCHEDULE + second).procedures[OPEN]
    assert [found.schedule("service_fee", "in_person", date(year, 6, 1)) for year in (2026, 2027)] == list(
        found.schedules
    )


def test_a_record_that_counts_by_the_piece_says_so_itself_and_one_that_does_not_is_due_once() -> None:
    by_person = {
        (int(fee.amount or 0), fee.per, fee.pieces)
        for offer in CATALOGUE.procedures["1.004194"].channels.values()
        for fee in offer.fees
        if fee.amount
    }
    assert by_person == {
        (7000, "", 1), (15000, "", 1), (5000, "người", 20), (10000, "người", 20)
    }  # fmt: skip
