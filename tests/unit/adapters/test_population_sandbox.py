"""Persons and rights of the stand-in of the population database: a newcomer's dossier goes through."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.population_db.question import plain_name
from adapters.population_db.sandbox_people import People, generate_people
from adapters.population_db.settings import Rights
from schemas.party import Party
from tests.support.dossiers import law
from tests.support.requests import APPLICANT, ONE_STOP

SITE = Path(__file__).resolve().parents[3] / "adapters" / "population_db" / "site"


def test_every_published_procedure_may_be_asked_about_on_make_up() -> None:
    rights = Rights.model_validate_json((SITE / "population-rights.sandbox.json").read_bytes())
    assert rights.licences.keys() == law().catalogue.procedures.keys()
    assert ONE_STOP in rights.agencies
    assert all(ONE_STOP in officer.organisations and officer.number for officer in rights.officers.values())


def test_a_site_of_its_own_asks_nothing_until_its_rights_are_written_down() -> None:
    assert json.loads((SITE / "population-rights.json").read_text("utf-8"))["licences"] == {}


def test_the_listed_persons_are_those_whom_the_stand_in_knows_as_requests_name_them() -> None:
    people = People(generate_people())
    listed = people.listed()
    assert len(listed) == 201
    assert {**listed[0], "kind": "citizen"}.items() >= APPLICANT.items()
    for person in listed:
        named = {name: text for name, text in person.items() if text}
        Party.model_validate({"kind": "citizen", **named})
        birth = person["birth_date"].replace("-", "")
        assert people.find(person["identity_number"], "", plain_name(person["name"]) or "", birth) is not None
