"""The queue of a one-stop: Art. 5.1.a, 5.1.d."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from hub.dossier import room
from hub.dossier.decision import Sender
from hub.dossier.matters import possible_now, takes_part
from hub.engine.decide.routing import matter_receivers
from hub.inbound.directory import Directory
from hub.regulation.organisations import Organisations
from hub.regulation.registered import Registers
from hub.regulation.sections import TicketQueue
from schemas.due import RuleViolated
from schemas.ticket import LAST_NUMBER, CallTicket, IssueTicket, TicketCalled, TicketIssued
from tests.support.dossiers import AGENCY, COUNTER, OFFICER, ONE_STOP, OTHER_COUNTER, law
from tests.support.matters import OCTOBER, MatterStory, settlement
from tests.support.registers import desks, officers

PAGE = Sender("public-page", frozenset({"public"}), frozenset())
CIVIL, LAND = "Hộ tịch", "Đất đai"
DESKS = desks("01,fields,Hộ tịch", "02,fields,Đất đai;Môi trường", "U1,reserved,", "HD,guidance,")


def drawn(**changes: Any) -> IssueTicket:
    return IssueTicket(**{"organisation": ONE_STOP, "field": CIVIL, **changes})


def call(desk: str = "01", **changes: Any) -> CallTicket:
    return CallTicket(**{"organisation": ONE_STOP, "desk": desk, "officer": OFFICER, **changes})


def queue(*fields: str | None, known: Organisations = DESKS) -> MatterStory:
    """People who wait for these fields, one after the other."""
    story = MatterStory(registers=Registers(known))
    for field in fields:
        story.accepts(drawn(field=field), COUNTER)
    return story


def issued(story: MatterStory, **changes: Any) -> TicketIssued:
    (fact,) = story.accepts(drawn(**changes), COUNTER)
    assert isinstance(fact, TicketIssued)
    return fact


def called(story: MatterStory, desk: str) -> int:
    fact = story.accepts(call(desk), COUNTER)[0]
    assert isinstance(fact, TicketCalled)
    return fact.number


@pytest.mark.rule("5.1.d")
@pytest.mark.parametrize("sender", [COUNTER, PAGE])
def test_numbers_of_a_day_follow_each_other_whoever_draws_them(sender: Sender) -> None:
    story = queue(CIVIL)
    (fact,) = story.accepts(drawn(), sender)
    assert isinstance(fact, TicketIssued)
    assert (fact.number, fact.desks, fact.ahead) == (2, ("01",), 1)
    assert (story.now.kind, story.now.organisation, story.now.numbers) == ("queue", ONE_STOP, 2)
    assert drawn().matter(date(2026, 10, 12)) == f"queue/{ONE_STOP}/2026-10-12"
    assert call().matter(date(2026, 10, 12)) == f"queue/{ONE_STOP}/2026-10-12"


@pytest.mark.rule("5.1.d")
def test_who_draws_is_that_one_stop_or_a_page_that_serves_it_and_only_the_one_stop_calls() -> None:
    story = queue(CIVIL)
    bound = Sender("page", frozenset({"public"}), frozenset({"000.99.99.H07"}))
    for sender in (OTHER_COUNTER, bound, AGENCY):
        assert story.refuses(drawn(), sender).code == "security.foreign_organisation"
    for sender in (OTHER_COUNTER, AGENCY, PAGE):
        assert story.refuses(call(), sender).code == "security.foreign_organisation"


@pytest.mark.rule("5.1.a")
def test_a_number_is_for_a_field_of_a_desk_or_for_guidance_where_one_gives_it() -> None:
    refused = queue().refuses(drawn(field="Xây dựng"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.5.1.a", ("/field",))
    assert refused.possible == (CIVIL, LAND, "Môi trường")
    assert issued(queue(), field=None).desks == ("HD",)
    no_guidance = queue(known=desks("01,fields,Hộ tịch"))
    assert no_guidance.refuses(drawn(field=None), COUNTER).code == "rule.5.1.a"
    assert no_guidance.refuses(drawn(field=LAND, priority="elderly"), COUNTER).code == "rule.5.1.a"
    reserved = issued(queue(), field="Xây dựng", priority="disabled")
    assert reserved.desks == ("U1",)


@pytest.mark.rule("5.1.a")
def test_a_desk_calls_its_fields_in_the_order_of_their_numbers() -> None:
    story = queue(LAND, CIVIL, CIVIL, None)
    assert [called(story, "01"), called(story, "01")] == [2, 3]
    assert called(story, "HD") == 4
    refused = story.refuses(call("01"), COUNTER)
    assert (refused.code, refused.rule) == ("rule.5.1.a.nobody", "5.1.a")
    assert called(story, "02") == 1
    assert story.now.waiting == {}
    assert {name: one.number for name, one in story.now.calls.items()} == {"01": 3, "HD": 4, "02": 1}


@pytest.mark.rule("5.1.a")
def test_whom_the_text_favours_comes_first_and_has_a_desk_of_its_own() -> None:
    story = queue(CIVIL, CIVIL)
    first = issued(story, priority="pregnant")
    assert (first.number, first.desks, first.ahead) == (3, ("01", "U1"), 0)
    assert issued(story, priority="elderly").ahead == 1
    assert called(story, "01") == 3
    assert called(story, "U1") == 4
    assert story.refuses(call("U1"), COUNTER).code == "rule.5.1.a.nobody"
    assert called(story, "01") == 1


@pytest.mark.rule("5.1.a")
def test_a_profile_may_favour_them_at_their_own_desk_alone() -> None:
    known = law()
    profile = replace(known.profile, queue=TicketQueue(priority="own_desk"))
    story = MatterStory(law=replace(known, profile=profile), registers=Registers(DESKS))
    issued(story)
    issued(story, priority="elderly")
    assert called(story, "01") == 1
    assert called(story, "U1") == 2


@pytest.mark.rule("5.1.a")
def test_a_desk_that_nobody_has_entered_calls_nobody() -> None:
    refused = queue(CIVIL).refuses(call("09"), COUNTER)
    assert (refused.code, refused.fields, refused.possible) == (
        "rule.5.1.a.desk", ("/desk",), ("01", "02", "U1", "HD"),
    )  # fmt: skip


def test_without_desks_on_record_every_field_is_taken_and_every_desk_calls() -> None:
    story = queue("Xây dựng", known=Organisations())
    assert called(story, "7") == 1


def test_a_desk_is_asked_of_on_its_days_only() -> None:
    ended = desks("01,fields,Hộ tịch,2026-01-01", "02,fields,Hộ tịch")
    assert issued(queue(known=ended)).desks == ("02",)


def test_how_long_somebody_waited_is_on_record() -> None:
    story = queue(CIVIL)
    fact = story.accepts(call(), COUNTER, OCTOBER + timedelta(minutes=7))[0]
    assert isinstance(fact, TicketCalled)
    assert (fact.issued_at, fact.waited_s) == (OCTOBER, 420)


def test_the_one_stop_and_the_page_are_told_and_nobody_else_takes_part() -> None:
    story = queue()
    everybody = Directory((COUNTER, OTHER_COUNTER, AGENCY, PAGE))
    drew = issued(story)
    assert matter_receivers(story.now, drew, everybody) == (COUNTER.name, PAGE.name)
    fact = story.accepts(call(), COUNTER)[0]
    assert matter_receivers(story.now, fact, everybody) == (COUNTER.name,)
    assert [takes_part(story.now, one) for one in (COUNTER, AGENCY, PAGE, OTHER_COUNTER)] == [
        True, False, False, False,
    ]  # fmt: skip
    assert possible_now(story.now) == ("onestop.ticket.call.v1", "onestop.ticket.issue.v1")
    assert story.refuses(settlement(), COUNTER).code == "matter.not_possible"


def test_nobody_fills_a_queue_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.dossier.rules.queue.MOST", 2)
    assert room.MOST > 2
    story = queue(CIVIL, CIVIL)
    assert story.refuses(drawn(), COUNTER).code == "queue.full"
    assert called(story, "01") == 1
    assert issued(story).number == 3


def test_the_numbers_of_a_day_end_with_a_refusal_by_name_and_who_waits_is_called() -> None:
    story = queue(CIVIL)
    story.state = structs.replace(story.now, numbers=LAST_NUMBER - 1)
    assert issued(story).number == LAST_NUMBER
    assert story.refuses(drawn(), COUNTER).code == "queue.used_up"
    assert [called(story, "01"), called(story, "01")] == [1, LAST_NUMBER]


def test_desks_that_are_on_record_nowhere_do_not_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.dossier.state.evolve_matter.MOST_DESKS", 2)
    story = queue(*[CIVIL] * 4, known=Organisations())
    assert [called(story, desk) for desk in ("A", "B", "A", "C")] == [1, 2, 3, 4]
    assert {desk: one.number for desk, one in story.now.calls.items()} == {"A": 3, "C": 4}


def test_who_calls_is_an_officer_of_the_roster_where_the_profile_asks() -> None:
    known = law()
    profile = replace(known.profile, officers=replace(known.profile.officers, unlisted="mark"))
    story = MatterStory(law=replace(known, profile=profile), registers=Registers(DESKS, officers()))
    issued(story)
    issued(story)
    assert len(story.accepts(call(), COUNTER)) == 1
    stranger = OFFICER.model_copy(update={"account": "nguoi.la"})
    assert story.accepts(call(officer=stranger), COUNTER)[1] == RuleViolated(rule="8.1.c", late_s=0)
