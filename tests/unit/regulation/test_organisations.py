"""Organisations as data: read from CSV and JSON whole or not at all, by day, with who follows whom."""

from __future__ import annotations

import cProfile
import json
from datetime import date
from typing import Any

import pytest

from hub.regulation import organisations
from hub.regulation.errors import RegisterError
from hub.regulation.opening import is_open, read_hours
from hub.regulation.organisations import Organisations
from tests.support.dossiers import AGENCY_CODE, ONE_STOP, at
from tests.support.registers import CSV, FIELDS, MERGER, NEW_AGENCY, NEW_CENTRE, desks, listed, merged

BEFORE, AFTER = date(2025, 6, 30), date.fromisoformat(MERGER)
TWO = '{"lists": [],\n"organisations": [\n{"code": "A"},\n\n{"code": 5}]}'


def read(text: str) -> Organisations:
    return organisations.from_json(text) if text.startswith("{") else merged(text)


def mistakes(text: str) -> list[str]:
    with pytest.raises(RegisterError) as caught:
        read(text)
    return [str(one) for one in caught.value.mistakes]


def test_a_merged_organisation_is_there_until_the_day_of_the_merger_and_then_its_successor() -> None:
    known = merged()
    assert known.on(ONE_STOP, BEFORE) is not None
    assert known.on(ONE_STOP, AFTER) is None
    assert known.on(NEW_CENTRE, BEFORE) is None
    assert known.followers(ONE_STOP, AFTER) == (NEW_CENTRE,)
    assert known.followers(ONE_STOP, BEFORE) == ()
    assert known.heir(AGENCY_CODE, AFTER) == NEW_AGENCY
    assert known.heir("nobody", AFTER) == "nobody"


def test_who_follows_is_found_through_several_mergers_and_circles_end() -> None:
    rows = (
        "H07.01,department,district,Phòng A,,,,,2020-01-01,2022-01-01,H07.02",
        "H07.02,department,district,Phòng B,,,,,2022-01-01,2025-07-01,H07.01;H07.03",
        "H07.03,department,province,Sở C,,,,,2025-07-01,,",
    )
    known = merged("\n".join((FIELDS, *rows)))
    assert known.followers("H07.01", date(2025, 7, 2)) == ("H07.03",)
    assert known.followers("H07.01", date(2023, 1, 1)) == ("H07.02",)


def test_a_file_is_taken_whole_or_every_mistake_is_named_by_line_and_field() -> None:
    rows = (
        "H07.01,department,province,Sở Một,,83,,,2020-01-01,,",
        "H07.02,ministry,province,Sở Hai,,83,,,2020-01-01,,",
        "H07.03,department,province,,,83,nonsense,,2020-13-01,,",
    )
    found = mistakes("\n".join((FIELDS, *rows)))
    assert [one.split(": ")[:2] for one in found] == [
        ["line 3", "kind"], ["line 4", "name_vi"], ["line 4", "procedures.0"], ["line 4", "in_force_from"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("H07.11,section,commune,BP,,,,,2020-01-01,,", "line 3: parent: a one-stop belongs"),
        ("H07.11,section,commune,BP,H07.12,,,,2020-01-01,,", "line 3: parent: H07.12 is no office"),
        ("H07.11,department,commune,P,H07.13,,,,2020-01-01,,", "line 3: parent: H07.13 is not in this file"),
        ("H07.11,department,commune,P,,,,,2020-01-01,2021-01-01,H07.13", "line 3: successors: H07.13 is"),
        ("H07.11,department,commune,P,,,,,2020-01-01,,H07.12", "line 3: successors: only of one that ends"),
        ("H07.11,department,commune,P,,,,,2021-01-01,2021-01-01,", "line 3: in_force_until: is the first"),
        ("H07.12,department,commune,P,,,,,2021-01-01,,", "line 3: in_force_from: H07.12 is there"),
        ("H07.11,department,commune,P,H07.11,,,,2021-01-01,,", "line 3: parent: it would stand above itself"),
        ("H07.11,department,commune,P", "line 3: the row has not as many cells"),
    ],
)  # fmt: skip
def test_records_fit_each_other(row: str, mistake: str) -> None:
    found = mistakes(f"{FIELDS}\nH07.12,department,province,Sở,,,,,2020-01-01,,\n{row}")
    assert any(one.startswith(mistake) for one in found), found


def test_an_organisation_that_changes_is_two_records_one_after_the_other() -> None:
    rows = (
        "H07.12,department,province,Sở Cũ,,,1.004873,,2020-01-01,2024-01-01,",
        "H07.12,department,province,Sở Mới,,,1.000656,,2024-01-01,,",
    )
    known = merged("\n".join((FIELDS, *rows)))
    before, after = known.on("H07.12", date(2023, 12, 31)), known.on("H07.12", date(2024, 1, 1))
    assert before is not None
    assert after is not None
    assert before.is_competent("1.004873")
    assert not after.is_competent("1.004873")
    assert after.is_competent("1.000656.000.00.00.H07")
    assert known.followers("H07.12", date(2024, 1, 1)) == ()


def test_what_is_exported_is_the_same_when_it_is_read_again() -> None:
    known = merged(lists=listed("post,1.004873", "own_office,1.000656"))
    again = organisations.from_json(known.as_json())
    assert known.changes_to(again) == []
    assert (
        again.changes_to(organisations.from_csv(known.as_csv(), known.lists_as_csv(), Organisations())) == []
    )
    assert organisations.from_csv(known.as_csv(), None, known).lists == known.lists


def test_a_comparison_names_what_is_added_removed_and_changed() -> None:
    other = merged(CSV.replace("Sở Tư pháp tỉnh mới", "Sở Tư pháp Một").replace("G12.07", "G12.08"))
    found = {(one.kind, one.name.split()[0], one.fields) for one in merged().changes_to(other)}
    assert found == {
        ("changed", NEW_AGENCY, ("name_vi",)), ("removed", "G12.07", ()), ("added", "G12.08", ()),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('{"organisations": [', "line 1: no JSON"),
        ("{}", "organisations: there is none"),
        ('{"people": []}', "people: unknown; known are organisations, lists, desks, certificates"),
        ('{"organisations": {}}', "organisations: an array of objects is expected"),
        (TWO, "line 3: kind: Field required"),
        (TWO, "line 5: code: "),
    ],
)  # fmt: skip
def test_json_is_read_with_its_lines(text: str, mistake: str) -> None:
    assert any(one.startswith(mistake) for one in mistakes(text)), mistakes(text)


def test_desks_are_imported_and_exported_beside_the_organisations() -> None:
    known = desks("01,fields,Hộ tịch;Đất đai", "U1,reserved,", "HD,guidance,,2021-01-01")
    (first, reserved) = known.desks_of(ONE_STOP, BEFORE)
    assert (first.desk, first.fields, reserved.kind) == ("01", ("Hộ tịch", "Đất đai"), "reserved")
    assert [one.desk for one in known.desks_of(ONE_STOP, date(2020, 12, 31))] == ["01", "U1", "HD"]
    assert organisations.from_json(known.as_json()).desks == known.desks
    again = organisations.from_csv(known.as_csv(), None, Organisations(), known.desks_as_csv())
    assert known.changes_to(again) == []
    assert organisations.from_csv(known.as_csv(), None, known).desks == known.desks
    assert [one.name for one in merged().changes_to(known)] == [
        f"{ONE_STOP} desk 01 from 2020-01-01", f"{ONE_STOP} desk HD from 2020-01-01",
        f"{ONE_STOP} desk U1 from 2020-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        (("01,fields,",), "line 2: fields: such a desk serves one field at least"),
        (("01,guidance,Hộ tịch",), "line 2: fields: a desk for guidance serves no field"),
        (("01,vip,Hộ tịch",), "line 2: kind"),
        (("01,fields,Hộ tịch", "01,fields,Đất đai"), f"line 3: in_force_from: {ONE_STOP} 01 is there"),
        (("01,fields,Hộ tịch,2019-01-01",), "line 2: in_force_until"),
    ],
)  # fmt: skip
def test_desks_that_cannot_be_are_named_by_line(rows: tuple[str, ...], mistake: str) -> None:
    with pytest.raises(RegisterError) as caught:
        desks(*rows)
    assert any(str(one).startswith(mistake) for one in caught.value.mistakes), caught.value.mistakes


def test_desks_of_what_is_no_one_stop_are_warned_of() -> None:
    known = desks("01,fields,Hộ tịch")
    text = known.as_json().replace(f'"organisation": "{ONE_STOP}"', f'"organisation": "{AGENCY_CODE}"')
    assert known.warnings() == []
    assert [one for one in organisations.from_json(text).warnings() if "5.1.a" in one] == [
        f"{AGENCY_CODE}: 5.1.a: it has desks, and is no one-stop of this file"
    ]


def test_a_centre_without_an_account_is_warned_of() -> None:
    assert merged().warnings() == []
    assert len(merged(CSV.replace("3511.0.5678", "")).warnings()) == 1


def test_tasks_are_assigned_to_a_post_by_a_decision() -> None:
    text = f"{FIELDS},tasks,decision\nB01,KIND,province,Bưu chính công ích,,,,,2020-01-01,,,receive;digitise,"
    post = text.replace("KIND", "post")
    assert len(merged(post).warnings()) == 1
    assert merged(f"{post}QĐ 07/2026/QĐ-UBND").warnings() == []
    assert mistakes(text.replace("KIND", "department")) == [
        "line 2: tasks: only a public post is assigned tasks of a one-stop (5.2)"
    ]


def test_json_keeps_what_csv_says_of_nothing() -> None:
    (first, *_) = json.loads(merged().as_json())["organisations"]
    assert first.keys() == {
        "code", "kind", "level", "name_vi", "territory", "in_force_from", "in_force_until", "successors",
    }  # fmt: skip


def test_opening_hours_of_its_own_are_one_line() -> None:
    line = "1-6 07:30-11:30 13:00-16:30"
    assert is_open(line, at("2026-10-10 07:30"))  # a Saturday
    assert not is_open(line, at("2026-10-10 12:00"))
    assert not is_open(line, at("2026-10-11 08:00"))
    for wrong in ("07:00-11:00", "5-1 07:00-11:00", "1-5", "1-5 11:00-07:00", "1-5 07:00-11:00 10:00-12:00"):
        with pytest.raises(ValueError, match=r"."):
            read_hours(wrong)


def _org(code: str, **more: Any) -> dict[str, Any]:
    about = {"code": code, "kind": "department", "level": "province", "name_vi": "Sở Mẫu"}
    return {**about, "in_force_from": "2020-01-01", **more}


def _file(*records: dict[str, Any]) -> str:
    return json.dumps({"organisations": records}, indent=1)


def test_a_circle_of_mergers_is_refused_and_one_that_was_stored_ends() -> None:
    codes = [f"H07.{number}" for number in range(10, 50)]
    ended = [
        _org(code, in_force_until="2021-01-01", successors=[other for other in codes if other != code])
        for code in codes
    ]
    with pytest.raises(RegisterError, match="lead back to it, and nobody stays"):
        organisations.from_json(_file(*ended))
    stored = Organisations([organisations.Organisation.model_validate(one) for one in ended])
    assert stored.heir("H07.10", date(2026, 1, 1)) == "H07.10"
    one_stays = [*ended[:-1], _org(codes[-1])]
    assert organisations.from_json(_file(*one_stays)).heir("H07.10", date(2026, 1, 1)) == codes[-1]


def test_who_was_set_up_again_may_follow_who_followed_it() -> None:
    first = _org("H07.10", in_force_until="2021-01-01", successors=["H07.11"])
    between = _org("H07.11", in_force_from="2021-01-01", in_force_until="2023-01-01", successors=["H07.10"])
    known = organisations.from_json(_file(first, between, _org("H07.10", in_force_from="2023-01-01")))
    assert known.heir("H07.11", date(2026, 1, 1)) == "H07.10"
    assert known.heir("H07.10", date(2022, 1, 1)) == "H07.11"


def test_a_circle_of_parents_is_told_of_those_on_it_alone() -> None:
    circle = [
        _org("H07.10", parent="H07.11"),
        _org("H07.11", parent="H07.10"),
        _org("H07.12", parent="H07.11"),
    ]
    with pytest.raises(RegisterError) as error:
        organisations.from_json(_file(*circle))
    assert [mistake.field for mistake in error.value.mistakes] == ["parent", "parent"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_file(_org("H07.10")).replace("{", '{"organisations": [],', 1), "organisations stands twice"),
        (_file(_org("H07.10")).replace('"code"', '"code": "H07.11", "code"'), "code stands twice"),
        ('{"organisations": [{"code": ' + "1" * 5000 + "}]}", "no JSON"),
    ],
)
def test_a_file_with_two_readings_or_a_number_without_end_is_refused(text: str, why: str) -> None:
    with pytest.raises(RegisterError, match=why):
        organisations.from_json(text)


def test_a_table_whose_columns_have_one_name_is_refused() -> None:
    with pytest.raises(RegisterError, match="line 1: code: stands there twice"):
        organisations.from_csv("code,kind,code\nH07.10,department,H07.11\n", None, Organisations())


def test_reading_a_large_file_costs_in_proportion_to_it() -> None:
    """Counted in function calls, since time says nothing on a loaded machine."""
    costs = []
    for count in (200, 800):
        records = [
            _org(
                f"H07.{10 + n // 900:03}.{10 + n % 900:03}",
                parent=f"H07.{10 + (n + 1) // 900:03}.{10 + (n + 1) % 900:03}",
            )
            for n in range(count - 1)
        ]
        text = _file(*records, _org(f"H07.{10 + (count - 1) // 900:03}.{10 + (count - 1) % 900:03}"))
        profile = cProfile.Profile()
        profile.runcall(organisations.from_json, text)
        costs.append(sum(entry.callcount for entry in profile.getstats()))
    assert costs[1] < 6 * costs[0]


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+cmd|'/c calc'!A0", "-1+1"])
def test_a_text_that_a_spreadsheet_takes_for_a_formula_is_refused(name: str) -> None:
    with pytest.raises(RegisterError, match="name_vi: begins like a formula"):
        organisations.from_json(_file(_org("H07.10", name_vi=name)))


def test_certificates_are_imported_and_exported_beside_the_organisations() -> None:
    digest = "AB:" * 31 + "CD"
    fields = "organisation,certificate_sha256,name,in_force_from,in_force_until"
    text = f"{fields}\n{AGENCY_CODE},{digest},Con dấu số,2026-01-01,2027-01-01\n"
    known = organisations.from_csv(CSV, None, Organisations(), certificates=text)
    (one,) = known.certificates_of(AGENCY_CODE)
    assert one.certificate_sha256 == "ab" * 31 + "cd"
    assert [one.is_there(date(year, 1, 1)) for year in (2025, 2026, 2027)] == [False, True, False]
    assert organisations.from_json(known.as_json()).certificates == known.certificates
    again = organisations.from_csv(
        known.as_csv(), None, Organisations(), certificates=known.certificates_as_csv()
    )
    assert known.changes_to(again) == []
    assert organisations.from_csv(known.as_csv(), None, known).certificates == known.certificates
    assert [one.name for one in merged().changes_to(known)] == [
        f"{AGENCY_CODE} certificate {'ab' * 8} from 2026-01-01"
    ]
    assert (
        "H07.99: 4.1: it has certificates, and is not in this file"
        in organisations.from_csv(
            CSV, None, Organisations(), certificates=text.replace(AGENCY_CODE, "H07.99")
        ).warnings()
    )
    twice = f"{text}{ONE_STOP},{digest},,2026-06-01,\n"
    with pytest.raises(RegisterError, match="line 3: in_force_from: certificate abababababababab is there"):
        organisations.from_csv(CSV, None, Organisations(), certificates=twice)
    with pytest.raises(RegisterError, match="line 2: certificate_sha256"):
        organisations.from_csv(CSV, None, Organisations(), certificates=text.replace("CD,", ","))
