"""Officers as data: read whole or not at all, by day, with what the text wants of agencies."""

from __future__ import annotations

from datetime import date

import pytest

from hub.regulation import roster
from hub.regulation.errors import RegisterError
from hub.regulation.roster import Roster
from tests.support.dossiers import ONE_STOP, law
from tests.support.registers import OFFICER_FIELDS, ROSTER, delegated, officers

DAY = date(2026, 10, 5)


def mistakes(text: str, given: str | None = None) -> list[str]:
    with pytest.raises(RegisterError) as caught:
        officers(text, given)
    return [str(one) for one in caught.value.mistakes]


def test_a_posting_holds_from_its_first_day_to_the_day_before_its_end() -> None:
    known = officers()
    assert known.posted(ONE_STOP, "canbo.mau", date(2025, 12, 31)) is None
    assert known.posted(ONE_STOP, "canbo.mau", date(2026, 1, 1)) is not None
    assert known.posted(ONE_STOP, "canbo.mau", date(2027, 1, 1)) is None
    assert known.posted("H07.99", "canbo.mau", DAY) is None


def test_every_mistake_is_named_by_line_and_field() -> None:
    rows = (
        "canbo.a,Lê Thị Thí Dụ,Công chức,H07.01,province,chief,2026-01-01,",
        "canbo.b,,Công chức,H07.01,province,officer,2026-01-01,",
    )
    found = mistakes("\n".join((OFFICER_FIELDS, *rows)))
    assert [one.split(": ")[:2] for one in found] == [["line 2", "position"], ["line 3", "name"]]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("canbo.a,Lê Thị,CC,H07.01,commune,officer,2026-01-01,", "line 3: level: H07.01 has level province"),
        ("canbo.m,Lê Thị,CC,H07.01,province,officer,2026-06-01,", "line 3: in_force_from: canbo.m at H07.01"),
        ("canbo.a,Lê Thị,CC,H07.01,province,officer,2026-01-01,2025-01-01", "line 3: in_force_until"),
    ],
)  # fmt: skip
def test_postings_fit_each_other(row: str, mistake: str) -> None:
    first = "canbo.m,Lê Thị,CC,H07.01,province,officer,2026-01-01,"
    assert any(one.startswith(mistake) for one in mistakes(f"{OFFICER_FIELDS}\n{first}\n{row}"))


def test_of_the_vice_chairs_of_a_commune_one_signs_at_a_time() -> None:
    found = mistakes(ROSTER, delegated("pct.mot,H07.20,8.3.a,", "pct.hai,H07.20,8.3.a,"))
    assert len(found) == 1
    assert "an authority by 8.3.a of H07.20" in found[0]


def test_an_authority_covers_its_procedures_on_its_days() -> None:
    known = officers(given=delegated("pho.phong,H07.20,19.7,1.004873"))
    signing = roster.SIGNING
    assert known.may("H07.20", "pho.phong", signing, "1.004873.000.00.00.H07", DAY)
    assert not known.may("H07.20", "pho.phong", signing, "1.000656", DAY)
    assert not known.may("H07.20", "pho.phong", signing, "1.004873", date(2019, 1, 1))
    assert not known.may("H07.21", "pho.phong", signing, "1.004873", DAY)


def test_what_is_exported_is_the_same_when_it_is_read_again() -> None:
    known = officers(given=delegated("pho.phong,H07.20,19.7,1.004873"))
    assert known.changes_to(roster.from_json(known.as_json())) == []
    again = roster.from_csv(known.as_csv(), known.delegations_as_csv(), Roster())
    assert known.changes_to(again) == []
    assert roster.from_csv(known.as_csv(), None, known).delegations == known.delegations


def warned(cells: str, level: str = "province") -> set[str]:
    fields = (
        "account,name,title,organisation,level,sent_by,rank,years,rating,fields,phone,approver,"
        "in_force_from,in_force_until,change_reason,position"
    )
    text = f"{fields}\ncanbo.a,Lê Thị Thí Dụ,CC,H07.01,{level},{cells}\n"
    found = officers(text).warnings(law().profile.officers)
    return {one.split(": ")[1] for one in found}


def test_what_the_text_wants_of_agencies_is_warned_of_and_stops_no_import() -> None:
    good = "H07.20,Chuyên viên,3,Hoàn thành tốt,G15,0900000001,Chủ tịch,2026-01-01,2027-06-01,,officer"
    assert warned(good) == {"7.1", "9.2"}
    assert warned(good.replace("officer", "reserve")) == {"7.1"}
    assert warned(good.replace("officer", "head").replace("H07.20", "")) == set()
    assert "8.4.b" in warned(good.replace(",3,", ",2,"))
    assert "8.4.b" in warned(good.replace("Chuyên viên", "Nhân viên"))
    assert "8.4.b" in warned(good.replace("Hoàn thành tốt", ""))
    assert "8.7" in warned(good.replace("2027-06-01", "2026-12-31"))
    assert "8.7" in warned(good.replace("2027-06-01", "2028-02-01"))
    assert "8.7" in warned(good.replace("2027-06-01", ""))
    assert "8.7" not in warned(good.replace("2028-06-01,", "2026-07-01,Ốm"))
    assert "7.7" in warned(good.replace("0900000001", ""))
    assert "7.7" in warned(good.replace("G15", ""))
    assert "8.1.c" in warned(good.replace("Chủ tịch", ""))
    assert "8.2.c" in warned(good.replace("Chủ tịch", ""), "district")
    assert "8.3.b" in warned(good.replace("Chủ tịch", ""), "commune")
    assert "8.4.b" not in warned(good.replace(",3,", ",0,"), "commune")


def test_who_is_taken_back_early_was_spoken_of_with_the_one_stop() -> None:
    fields = (
        "account,name,title,organisation,level,sent_by,in_force_from,in_force_until,change_reason,exchange"
    )
    row = "canbo.a,Lê Thị Thí Dụ,CC,H07.01,province,H07.20,2026-01-01,2026-04-01,Ít hồ sơ,"

    def is_warned(cells: str) -> bool:
        warnings = officers(f"{fields}\n{cells}\n").warnings(law().profile.officers)
        return any("taken back early" in one for one in warnings)

    assert is_warned(row)
    assert not is_warned(f"{row}CV 05/TT ngày 20/03/2026")
    assert not is_warned(row.replace("2026-04-01", "2027-04-01"))


def test_a_change_of_one_of_two_authorities_of_an_officer_is_seen() -> None:
    both, one = ((f"canbo.mau,{ONE_STOP},19.7,1.00119{n}" for n in numbers) for numbers in ("34", "4"))
    with_both, with_one = officers(ROSTER, delegated(*both)), officers(ROSTER, delegated(*one))
    (change,) = with_both.changes_to(with_one)
    assert (change.kind, "1.001193" in change.name) == ("removed", True)
