"""Taking personal values out of data and putting them back, by the mark on the model's fields."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from schemas.base import Wire
from schemas.dossier import DeclineDossier, DossierSubmitted, SubmitDossier
from schemas.identity import IdentityMatched
from schemas.paper import HandOverPaper
from schemas.party import Party
from schemas.personal import drop, join, mask, personal_paths, split
from schemas.pickup import CancelPickup
from schemas.reasons import faults_of
from schemas.types import Line, PersonName, Phone

SUBMISSION = {
    "procedure": "1.001193",
    "organisation": "H07.34.12",
    "agency": "H07.34.05",
    "channel": "in_person",
    "return_channel": "post",
    "applicant": {"kind": "citizen", "name": "Nguyễn Văn Thử", "identity_number": "083090000001"},
    "proxy": {"name": "Trần Thị Mẫu", "identity_number": "083090000002", "basis": "hired", "deed": "HĐ 01"},
    "components": [{"code": "000.00.00.G15-KQ003204", "originals": 1}],
    "sender_address": "thu@vi-du.example",
}


class Witness(Wire):
    name: PersonName
    role: Line


class Child(Wire):
    phone: Phone | None = None
    age: int = 0


class Meeting(Wire):
    place: Line
    witnesses: tuple[Witness, ...] = ()
    rounds: list[list[Witness]] | None = None
    either: Witness | Child | None = None
    names: tuple[PersonName, ...] = ()
    by_seat: dict[str, Witness] | None = None
    kind: Literal["open", "closed"] = "open"
    chair: PersonName | None = None


def test_the_open_part_has_no_personal_value_and_the_other_names_each_by_its_path() -> None:
    opened, personal = split(SubmitDossier, SUBMISSION)
    assert personal == {
        "/applicant/name": "Nguyễn Văn Thử",
        "/applicant/identity_number": "083090000001",
        "/proxy/name": "Trần Thị Mẫu",
        "/proxy/identity_number": "083090000002",
        "/sender_address": "thu@vi-du.example",
    }
    assert opened["applicant"] == {"kind": "citizen"}
    assert opened["proxy"] == {"basis": "hired", "deed": "HĐ 01"}
    assert opened["components"] == SUBMISSION["components"]
    assert "sender_address" not in opened


def test_splitting_leaves_the_data_as_it_was() -> None:
    before = repr(SUBMISSION)
    opened, personal = split(SubmitDossier, SUBMISSION)
    assert join(opened, personal) == SUBMISSION
    assert repr(SUBMISSION) == before
    assert "name" not in opened["applicant"]


def test_places_of_lists_stand_in_the_path_and_are_found_again() -> None:
    data: dict[str, Any] = {
        "place": "Phòng 1",
        "witnesses": [{"name": "Thử A", "role": "cha"}, {"role": "mẹ"}, {"name": "Thử B", "role": "bà"}],
        "rounds": [[], [{"name": "Thử C", "role": "ông"}]],
    }
    opened, personal = split(Meeting, data)
    assert personal == {
        "/witnesses/0/name": "Thử A",
        "/witnesses/2/name": "Thử B",
        "/rounds/1/0/name": "Thử C",
    }
    assert opened["witnesses"] == [{"role": "cha"}, {"role": "mẹ"}, {"role": "bà"}]
    assert join(opened, personal) == data


def test_a_list_or_mapping_of_personal_values_is_one_personal_value() -> None:
    data = {"place": "P", "names": ["Thử A", "Thử B"], "by_seat": {"1": {"name": "Thử C", "role": "cha"}}}
    opened, personal = split(Meeting, data)
    assert opened == {"place": "P"}
    assert personal == {"/names": ["Thử A", "Thử B"], "/by_seat": {"1": {"name": "Thử C", "role": "cha"}}}
    assert join(opened, personal) == data


def test_each_member_of_a_union_is_searched() -> None:
    assert split(Meeting, {"either": {"phone": "0900000001", "age": 3}})[1] == {"/either/phone": "0900000001"}
    assert split(Meeting, {"either": {"name": "Thử", "role": "cha"}})[1] == {"/either/name": "Thử"}


@pytest.mark.parametrize(
    "data",
    [
        {"either": "Nguyễn Văn Thử"},
        {"witnesses": "Nguyễn Văn Thử"},
        {"witnesses": ["Nguyễn Văn Thử", {"role": "cha"}]},
        {"rounds": [["Nguyễn Văn Thử"]]},
        {"chair": None},
    ],
)
def test_a_value_of_another_shape_than_the_models_counts_as_personal(data: dict[str, Any]) -> None:
    opened, personal = split(Meeting, data)
    assert "Nguyễn" not in repr(opened)
    assert personal
    assert join(opened, personal) == data


def test_data_without_personal_fields_come_back_as_they_are() -> None:
    data = {"check": "k-1", "party": "owner"}
    assert split(IdentityMatched, data) == (data, {})
    assert join(data, {}) is data


def test_masking_keeps_the_shape_and_shows_no_value() -> None:
    masked = mask(SubmitDossier, SUBMISSION)
    assert masked["applicant"] == {"kind": "citizen", "name": "***", "identity_number": "***"}
    assert masked["sender_address"] == "***"
    assert masked["components"] == SUBMISSION["components"]


def test_dropping_leaves_the_open_part() -> None:
    data = {
        "officer": {"account": "cb.thu.01", "name": "Trần Thị Mẫu"},
        "reason": "not_entitled",
        "explanation": "x",
    }
    assert drop(DeclineDossier, data) == {
        "officer": {},
        "reason": "not_entitled",
    }


@pytest.mark.parametrize(
    ("model", "paths"),
    [
        (
            Party,
            (
                "/name",
                "/identity_number",
                "/old_identity_number",
                "/travel_document",
                "/tax_code",
                "/birth_date",
                "/birth_year",
                "/phone",
                "/email",
                "/address",
            ),
        ),
        (HandOverPaper, ("/giver/name", "/receiver/name")),
        (
            Meeting,
            (
                "/witnesses/*/name",
                "/rounds/*/*/name",
                "/either/name",
                "/either/phone",
                "/names",
                "/by_seat",
                "/chair",
            ),
        ),
        (CancelPickup, ("/reason",)),
        (IdentityMatched, ()),
    ],
)
def test_the_patterns_of_a_model_name_its_personal_fields(
    model: type[BaseModel], paths: tuple[str, ...]
) -> None:
    assert personal_paths(model) == paths


def test_request_and_fact_of_a_submission_hide_the_same_fields() -> None:
    assert personal_paths(SubmitDossier) == personal_paths(DossierSubmitted)


def test_a_path_outside_the_data_cannot_be_joined() -> None:
    with pytest.raises(LookupError):
        join({"applicant": {}}, {"/proxy/name": "Thử"})


def faults(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as raised:
        SubmitDossier.model_validate(data)
    return tuple(fault.path for fault in faults_of(raised.value.errors()))


def test_paths_of_faults_carry_no_values() -> None:
    wrong = {
        **SUBMISSION,
        "components": [],
        "applicant": {"kind": "citizen", "name": "Nguyễn Văn Thử", "identity_number": "08309000000X"},
        "nickname": "Nguyễn Văn Thử",
    }
    assert faults(wrong) == ("/applicant/identity_number", "/components", "/nickname")


def test_a_key_that_is_no_field_name_is_not_repeated() -> None:
    assert faults({**SUBMISSION, "components": (), "083090000001": 1}) == ("/?",)
    assert faults({**SUBMISSION, "components": (), "Nguyễn Văn Thử": 1}) == ("/?",)


def test_no_more_than_twenty_paths_are_given() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert len(faults({**SUBMISSION, "components": (), **{f"x_{letter}": 1 for letter in letters}})) == 20
