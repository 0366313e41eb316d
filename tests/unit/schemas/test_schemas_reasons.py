"""What refused data are told: one word of the published list for each path, and never a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.generate import GENERATED
from schemas.reasons import MAX_FAULTS, faults_of, reason_of, reasons
from schemas.registry import REQUESTS
from tests.support.requests import APPLICANT, submission

SECRET = "083090000077"


def faults(kind: str, data: Any) -> dict[str, dict[str, Any]]:
    """Of each path what is told beside it, as it goes out."""
    with pytest.raises(ValidationError) as raised:
        REQUESTS[f"onestop.{kind}.v1"].model_validate_json(json.dumps(data))
    told = [fault.model_dump(exclude_defaults=True) for fault in faults_of(raised.value.errors())]
    assert SECRET not in json.dumps(told)
    return {fault.pop("path"): fault for fault in told}


def of_applicant(**changes: Any) -> dict[str, dict[str, Any]]:
    return faults("dossier.submit", submission(applicant=APPLICANT | changes))


def test_missing_and_unknown_fields_are_told_apart() -> None:
    data = submission(priority=SECRET)
    del data["procedure"]
    assert faults("dossier.submit", data) == {
        "/procedure": {"reason": "missing"},
        "/priority": {"reason": "unknown"},
    }


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"identity_number": SECRET + "1"}, "identity_number", "pattern"),
        ({"name": ""}, "name", "length"),
        ({"name": "x" * 101}, "name", "length"),
        ({"name": "e\u0302"}, "name", "characters"),
        ({"name": "a\x0b"}, "name", "characters"),
        ({"name": 1}, "name", "type"),
        ({"tax_code": "0100233489"}, "tax_code", "check_digit"),
        ({"tax_code": SECRET[:11]}, "tax_code", "pattern"),
        ({"birth_date": "1990-02-30"}, "birth_date", "date"),
        ({"birth_date": "1/2/1990"}, "birth_date", "date"),
        ({"birth_date": 19900102}, "birth_date", "type"),
        ({"birth_date": "1899-12-31"}, "birth_date", "range"),
        ({"birth_year": 1899}, "birth_year", "range"),
        ({"birth_year": 10**40}, "birth_year", "range"),
        ({SECRET: 1}, "?", "unknown"),
    ],
)
def test_each_fault_has_its_word(changes: dict[str, Any], path: str, reason: str) -> None:
    assert of_applicant(**changes) == {f"/applicant/{path}": {"reason": reason}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [("2026-01-05T08:00:00", "date"), ("now", "date"), ("1999-12-31T23:59:59Z", "range"), (1, "type")],
)
def test_a_time_is_wrong_by_its_writing_or_by_its_bounds(value: Any, reason: str) -> None:
    data = {"officer": {"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}, "new_due_at": value}
    assert faults("due.reschedule", data) == {"/new_due_at": {"reason": reason}}


def test_a_choice_names_what_is_allowed() -> None:
    assert faults("dossier.submit", submission(channel=SECRET)) == {
        "/channel": {"reason": "choice", "choices": ("in_person", "post", "online", "email")}
    }


def test_what_is_no_object_is_of_the_wrong_type() -> None:
    assert faults("dossier.submit", [SECRET]) == {"": {"reason": "type"}}


def test_fields_that_depend_on_each_other_are_named() -> None:
    person = {"kind": "citizen", "name": "Nguyễn Văn Thử"}
    assert faults("dossier.submit", submission(applicant=person)) == {
        "/applicant": {
            "reason": "needs",
            "others": (
                "/applicant/identity_number", "/applicant/old_identity_number", "/applicant/travel_document",
            ),
        }
    }  # fmt: skip
    both = {"component": "KQ.G15.000038", "paper": None, "data": None}
    assert faults("component.reuse", both) == {"": {"reason": "needs", "others": ("/paper", "/data")}}
    holder = {"kind": "post", "organisation": "H07.34", "name": "Bưu Tá Mẫu"}
    moved = {"giver": holder, "receiver": {"kind": "applicant", "name": "Nguyễn Văn Thử"}, "papers": ["G15"]}
    assert faults("paper.hand_over", moved) == {
        "/giver": {"reason": "exclusive", "others": ("/giver/kind", "/giver/organisation")}
    }


def test_no_more_faults_are_named_than_anybody_reads() -> None:
    assert (
        len(faults("dossier.submit", submission(**{f"x{chr(97 + n)}": 0 for n in range(26)}))) == MAX_FAULTS
    )


def test_every_word_is_published_and_whatever_is_new_in_pydantic_is_a_matter_of_type() -> None:
    published = json.loads((GENERATED / "reasons.json").read_text("utf-8"))["reasons"]
    assert published.keys() == reasons().keys()
    assert all(text["vi"] and text["en"] and text["vi"] != text["en"] for text in published.values())
    page = (GENERATED / "reasons-and-formats.md").read_text("utf-8")
    assert all(f"| `{word}` |" in page for word in published)
    assert reason_of("something_new") == "type"
