"""Persons and rights of the stand-in of the population database: a newcomer's dossier goes through."""

from __future__ import annotations

import json
import re
from pathlib import Path

from adapters.population_db.question import plain_name
from adapters.population_db.sandbox_people import People, generate_people
from adapters.population_db.settings import Rights
from schemas.party import Party
from tests.support.dossiers import law
from tests.support.requests import APPLICANT, ONE_STOP

REPOSITORY = Path(__file__).resolve().parents[3]
SITE = REPOSITORY / "adapters" / "population_db" / "site"
GUIDE = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
EXAMPLES = [
    *sorted((REPOSITORY / "schemas" / "examples").glob("*.json")),
    *sorted(
        path
        for path in (REPOSITORY / "examples" / "clients").rglob("*")
        if path.suffix in {".py", ".mjs", ".java", ".sh"} and "node_modules" not in path.parts
    ),
]
_OBJECT = re.compile(r"\{[^{}]*\}|^.*identity_number.*$", re.MULTILINE)
_NUMBER = re.compile(r'identity_number\\*"?: *\\*"(\d{12})')
_NAME = re.compile(r'(?<![\w])name\\*"?: *\\*"([^"\\]+)')
_BORN = re.compile(r'birth_date\\*"?: *\\*"([^"\\]+)')


def test_every_published_procedure_may_be_asked_about_on_make_up() -> None:
    rights = Rights.model_validate_json((SITE / "population-rights.sandbox.json").read_bytes())
    assert rights.licences.keys() == law().catalogue.procedures.keys()
    assert ONE_STOP in rights.agencies
    assert any(ONE_STOP in officer.organisations for officer in rights.officers.values())
    for officer in rights.officers.values():
        assert officer.number
        assert set(officer.organisations) <= rights.agencies.keys()


def test_a_site_of_its_own_asks_nothing_until_its_rights_are_written_down() -> None:
    assert json.loads((SITE / "population-rights.json").read_text("utf-8"))["licences"] == {}


def test_the_listed_persons_are_those_whom_the_stand_in_knows_as_requests_name_them() -> None:
    people = People(generate_people())
    listed = people.listed()
    assert len(listed) == 203
    assert {**listed[0], "kind": "citizen"}.items() >= APPLICANT.items()
    for person in listed:
        named = {name: text for name, text in person.items() if text}
        Party.model_validate({"kind": "citizen", **named})
        birth = person["birth_date"].replace("-", "")
        assert people.find(person["identity_number"], "", plain_name(person["name"]) or "", birth) is not None


def test_everybody_whom_guide_and_examples_name_by_number_is_known_to_the_stand_in() -> None:
    known = {person["identity_number"]: person for person in People(generate_people()).listed()}
    found = set()
    for path in [*GUIDE, *EXAMPLES]:
        for text in _OBJECT.findall(path.read_text("utf-8")):
            number = _NUMBER.search(text)
            if number is None:
                continue
            person = known.get(number[1])
            assert person is not None, (path.name, number[1])
            for field, pattern in (("name", _NAME), ("birth_date", _BORN)):
                assert pattern.findall(text) in ([], [person[field]]), (path.name, field, text)
            found.add(number[1])
    assert len(found) == 3


def test_every_officer_in_whose_name_guide_and_examples_ask_has_the_right_to() -> None:
    rights = Rights.model_validate_json((SITE / "population-rights.sandbox.json").read_bytes())
    asked = {
        account
        for path in [*GUIDE, *EXAMPLES]
        for account in re.findall(r'officer_account\\*"?: *\\*"([^"\\]+)', path.read_text("utf-8"))
    }
    assert asked
    assert asked <= rights.officers.keys()
