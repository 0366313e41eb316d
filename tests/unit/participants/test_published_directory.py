"""What participants may name: the catalogue in force and whom the participants speak for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import orjson
import pytest

from hub.dossier.decision import Accepted, Refused
from hub.engine.directory_topic import changes, entries_of, key_of
from hub.participants.published_directory import Edition, make_edition
from hub.participants.registry import Participant
from hub.regulation.catalogue import Catalogue
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisation, Organisations
from schemas.directory import DirectoryProcedure
from schemas.types import ReturnChannel
from tests.support import dossiers as build
from tests.support.requests import AGENCY, COMPONENTS, ONE_STOP, PROCEDURE

TODAY = date(2026, 11, 23)
LAW = load_book().in_force(TODAY)
THERE = [
    Participant("counter-a", ("counter",), (ONE_STOP,), 4),
    Participant("counter-b", ("counter",), (ONE_STOP,), 4),
    Participant("agency-a", ("agency",), (AGENCY, ONE_STOP), 4),
    Participant("postal-a", ("postal",), ("H07.99",), 4),
]


def edition(on: date = TODAY) -> Edition:
    return make_edition((), LAW, on, THERE, Organisations())


def test_every_procedure_in_force_is_there_with_what_the_rules_go_by() -> None:
    found = edition()
    assert {one.code for one in found.procedures} == {
        code for code, one in LAW.catalogue.procedures.items() if one.is_in_force(TODAY)
    }
    shown = found.find(PROCEDURE)
    assert shown is not None
    assert {one["code"] for one in COMPONENTS} <= {one.code for one in shown.components}
    published = LAW.catalogue.procedures[PROCEDURE]
    for offer in shown.channels:
        assert [one.id for one in offer.times] == [one.id for one in published.choices(offer.channel)]
        assert offer.needs_case == (published.handling_time(offer.channel) is None)
    assert found.find(f"{PROCEDURE}.H07") == shown
    assert found.find("9.999999") is None


@pytest.mark.rule("13")
def test_the_ways_of_return_of_a_channel_are_those_with_which_a_dossier_is_taken() -> None:
    taken = 0
    for one in edition().procedures:
        for offer in one.channels:
            for way in get_args(ReturnChannel):
                request = build.submission(
                    procedure=one.code, channel=offer.channel, return_channel=way, components=()
                )
                decision = build.Story(law=LAW).send(request, build.COUNTER, build.MONDAY)
                is_wrong = isinstance(decision, Refused) and decision.fields == ("/return_channel",)
                assert is_wrong == (way not in offer.return_channels), (one.code, offer.channel, way)
                taken += isinstance(decision, Accepted)
    assert taken > 100


def test_what_is_not_in_force_yet_is_not_there() -> None:
    began = max(one.in_force_from for one in LAW.catalogue.procedures.values() if one.in_force_from)
    newest = {code for code, one in LAW.catalogue.procedures.items() if one.in_force_from == began}
    before = {one.code for one in edition(began - timedelta(days=1)).procedures}
    assert not newest & before
    assert newest <= {one.code for one in edition(began).procedures}


def test_an_organisation_is_there_once_as_what_it_is_and_no_participant_is_named() -> None:
    found = edition()
    assert [(one.code, one.is_one_stop, one.is_agency) for one in found.organisations] == [
        (ONE_STOP, True, True),
        (AGENCY, False, True),
    ]
    assert b"counter-a" not in orjson.dumps(found.listing().model_dump(mode="json"))


def test_what_no_request_could_name_is_left_out_and_the_rest_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = Participant("counter-odd", ("counter",), ("nonsense", ONE_STOP), 4)
    strange = replace(LAW.catalogue.procedures[PROCEDURE], code="1.004873.Q99")
    law = replace(LAW, catalogue=Catalogue.of("c", [strange, LAW.catalogue.procedures[PROCEDURE]]))
    found = make_edition((), law, TODAY, [odd], Organisations())
    assert [one.code for one in found.organisations] == [ONE_STOP]
    assert [one.code for one in found.procedures] == [PROCEDURE]
    assert "nonsense" not in caplog.text


def test_the_listing_names_every_entry_and_the_law() -> None:
    listing = edition().listing()
    assert [one.code for one in listing.procedures] == sorted(one.code for one in edition().procedures)
    assert (listing.ruleset, listing.catalogue, listing.calendar) == LAW.versions


def test_only_what_differs_is_written_and_what_is_gone_is_taken_away() -> None:
    wanted = entries_of(edition())
    assert changes(wanted, wanted) == []
    assert [key for key, _ in changes({}, wanted)] == sorted(wanted)
    key = f"procedure:{PROCEDURE}".encode()
    assert changes({**wanted, key: b"old", b"organisation:H07": b"{}"}, wanted) == [
        (b"organisation:H07", None),
        (key, wanted[key]),
    ]


def test_an_entry_is_read_as_it_was_written() -> None:
    for entry in edition().procedures:
        value = entries_of(edition())[key_of(entry)]
        assert DirectoryProcedure.model_validate_json(value) == entry


@pytest.mark.rule("13.4")
def test_the_mailbox_of_an_office_is_published_while_it_has_one() -> None:
    values = {"kind": "department", "level": "province", "name_vi": "Mẫu", "in_force_from": "2026-01-01"}
    until = {"code": ONE_STOP, "mailbox": "mot-cua@vi-du.example", "in_force_until": "2026-11-24"}
    offices = Organisations([Organisation.model_validate(values | until)])
    for day, mailbox in ((TODAY, "mot-cua@vi-du.example"), (TODAY + timedelta(days=1), None)):
        found = make_edition((), LAW, day, THERE, offices)
        assert {one.code: one.mailbox for one in found.organisations} == {AGENCY: None, ONE_STOP: mailbox}
