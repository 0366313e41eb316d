"""States: what facts add up to, and how they are stored."""

from __future__ import annotations

from typing import get_args

import orjson
import pytest
from msgspec.structs import replace

from hub.dossier import decide as deciding
from hub.dossier import standing
from hub.dossier.decide import decide
from hub.dossier.errors import ContextError, FactError, StateError
from hub.dossier.matters import MATTER_DECISIONS
from hub.dossier.standing import possible_now
from hub.dossier.state import codec, evolve_matter
from hub.dossier.state import evolve as evolving
from hub.dossier.state.evolve import evolve
from hub.dossier.state.model import Status
from hub.regulation.law import FIRST_CATALOGUE, LawVersions
from schemas.base import Fact, Request
from schemas.dossier import DossierSubmitted, DossierWithdrawn, SubmitDossier
from schemas.due import Apologise
from schemas.registry import FACTS, REQUESTS
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, POSTAL, Story, law


class UnknownFact(Fact):
    type = "onestop.nobody.knows.v1"


class UnknownRequest(Request):
    type = "onestop.nobody.asks.v1"
    roles = frozenset({"counter"})


def rich() -> Story:
    """A dossier with something in every field."""
    story = build.issued(return_channel="post", proxy=build.PROXY)
    story.accepts(build.pickup("deliver", cash_on_delivery=5), COUNTER)
    order = f"{build.CODE}__D1"
    story.accepts(build.postal_report(order, "delivery_failed", MONDAY), POSTAL)
    story.accepts(build.hand_over(build.AGENCY_CODE, "post", build.RESULT_CODE), build.AGENCY)
    return story


@pytest.mark.parametrize(
    "make", [build.submitted, build.accepted, rich], ids=["submitted", "accepted", "rich"]
)
def test_a_stored_state_is_read_back_as_it_was(make: build.MakeStory) -> None:
    dossier = make().now
    assert codec.from_json(codec.to_json(dossier)) == dossier


def test_the_stored_form_is_compact_versioned_json() -> None:
    data = orjson.loads(codec.to_json(build.submitted().now))
    assert data["v"] == 2
    assert "code" not in data  # what is at its default is left out
    assert len(codec.to_json(build.accepted().now)) < 1100


@pytest.mark.parametrize(
    "stored", [b"", b"[]", b"{}", b'{"v":1}', b'{"v":3}', b'{"v":2,"nobody":1}', b"null"]
)
def test_other_bytes_are_no_state(stored: bytes) -> None:
    with pytest.raises(StateError):
        codec.from_json(stored)


def test_an_older_version_is_brought_up_to_date() -> None:
    dossier = build.accepted().now
    old = orjson.loads(codec.to_json(dossier))
    ruleset, _, calendar = old.pop("law")
    old["v"], old["ruleset"] = 1, ruleset
    of_then = LawVersions(ruleset, FIRST_CATALOGUE, calendar)
    assert codec.from_json(orjson.dumps(old)) == replace(dossier, law=of_then)


def test_nothing_personal_is_in_a_state() -> None:
    stored = codec.to_json(rich().now).decode()
    assert not [value for value in build.PERSONAL_VALUES if value in stored]


def test_times_as_they_come_from_the_wire_are_stored_in_utc() -> None:
    story = build.in_process()
    request = Apologise.model_validate_json(
        '{"officer": {"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}, "reason": "Chờ xác minh",'
        ' "new_due_at": "2026-10-14T17:00:00+07:00"}'
    )
    story.accepts(request, build.AGENCY)
    assert b'"apology_due_at":"2026-10-14T10:00:00Z"' in codec.to_json(story.now)
    assert codec.from_json(codec.to_json(story.now)) == story.now


def test_the_sequence_counts_the_facts() -> None:
    story = rich()
    assert story.now.sequence == len(story.facts)


def test_a_fact_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(FactError):
        evolve(build.submitted().now, UnknownFact(), MONDAY, "x", law())


def test_only_the_submission_is_first_and_only_once() -> None:
    story = build.submitted()
    with pytest.raises(FactError):
        evolve(None, DossierWithdrawn(), MONDAY, "x", law())
    with pytest.raises(FactError):
        evolve(story.now, story.facts[0][0], MONDAY, "x", law())


def test_every_published_fact_changes_states_and_every_request_is_decided() -> None:
    assert {DossierSubmitted, *evolving._TABLE, *evolve_matter._TABLE} == set(FACTS.values())
    of_matters = {kind for kind in REQUESTS.values() if kind.subject in {"matter", "none"}}
    assert {SubmitDossier, *deciding.DECISIONS} == set(REQUESTS.values()) - of_matters
    assert of_matters <= set(MATTER_DECISIONS)
    assert set(standing.ALLOWED) == set(deciding.DECISIONS)


def test_a_request_without_a_rule_is_a_bug() -> None:
    with pytest.raises(ContextError):
        decide(build.submitted().now, UnknownRequest(), Story().context(COUNTER, MONDAY))


def test_what_is_used_up_is_not_possible_any_more() -> None:
    story = build.in_process()
    apologise, reschedule = "onestop.due.apologise.v1", "onestop.due.reschedule.v1"
    assert apologise in possible_now(story.now, law().profile)
    assert reschedule not in possible_now(story.now, law().profile)
    story.accepts(build.apology(build.at("2026-10-14 17:00")), build.AGENCY)
    assert apologise not in possible_now(story.now, law().profile)
    assert reschedule in possible_now(story.now, law().profile)


def test_every_status_is_known_to_the_table_of_what_is_possible() -> None:
    assert frozenset(get_args(Status)) == standing.ALL
    for status in get_args(Status):
        assert possible_now(replace(build.submitted().now, status=status))
