"""Interlinked dossiers: parts on paper by turns, electronically at once, each with its own limit (17.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.dossier.decision import Sender
from hub.dossier.standing import has_part, possible_now
from hub.dossier.turn import open_requests
from hub.engine.decide.routing import receivers, unheard_agency
from hub.inbound.directory import Directory
from hub.regulation.sections import Interlinked
from schemas.base import Fact
from schemas.due import DeadlineMissed, RuleViolated
from schemas.form import FormMade, MadePaper
from schemas.leg import LegFinished, LegsPlanned, LegStarted
from schemas.leg_plan import LegPlan
from tests.support import dossiers as build
from tests.support.agency_requests import finishing, leg, passing, reminder
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    HUB,
    OTHER_AGENCY,
    OWNER,
    Story,
    at,
)
from tests.support.registers import CSV, registers

THIRD = Sender("agency-ba", frozenset({"agency"}), frozenset({"H07.22"}))
EVERYBODY = Directory((COUNTER, AGENCY, OTHER_AGENCY, THIRD, build.OTHER_COUNTER, build.PORTAL))
CHAIN = (leg("PV-01", AGENCY_CODE), leg("PV-02", "H07.21"), leg("PV-03", "H07.22"))
FAN = (leg("PV-01", "H07.21"), leg("PV-02", AGENCY_CODE), leg("PV-03", "H07.22", needs=("PV-01", "PV-02")))
TUESDAY, WEDNESDAY = at("2026-10-06 17:00"), at("2026-10-07 17:00")


def sent(legs: tuple[LegPlan, ...], channel: str) -> tuple[Story, tuple[Fact, ...]]:
    """Forwarded with parts, and the facts of that."""
    story = build.accepted(channel=channel)
    facts = story.accepts(build.forwarding(legs=legs), COUNTER)
    build.hand_on(story)
    return story, facts


def on_paper() -> Story:
    return sent(CHAIN, "in_person")[0]


def at_once() -> Story:
    return sent(FAN, "online")[0]


def plan_of(facts: tuple[Fact, ...]) -> LegsPlanned:
    (found,) = [fact for fact in facts if isinstance(fact, LegsPlanned)]
    return found


def started(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.leg for fact in facts if isinstance(fact, LegStarted)]


@pytest.mark.rule("17.6.a")
def test_on_paper_the_list_is_the_order_and_the_lead_begins() -> None:
    story, facts = sent(CHAIN, "in_person")
    plan = plan_of(facts)
    assert (plan.lead, plan.order, plan.due_at) == (AGENCY_CODE, "sequence", story.now.due_at)
    assert [(one.needs, one.finish_by) for one in plan.legs] == [
        ((), TUESDAY), (("PV-01",), WEDNESDAY), (("PV-02",), at("2026-10-08 17:00")),
    ]  # fmt: skip
    assert started(facts) == ["PV-01"]
    assert story.now.timers["leg:PV-01"].due_at == TUESDAY


@pytest.mark.rule("17.6.a")
def test_paper_is_passed_on_in_that_order_with_a_slip_by_who_had_it() -> None:
    story = on_paper()
    assert story.refuses(passing("PV-02"), AGENCY).code == "rule.17.6.a.turn"
    assert "onestop.leg.start.v1" not in possible_now(story.now)
    (finished,) = story.accepts(finishing("PV-01"), AGENCY)
    assert isinstance(finished, LegFinished)
    assert finished.needed_by == ("H07.21",)
    assert "onestop.leg.start.v1" in possible_now(story.now)
    assert story.refuses(passing("PV-02"), THIRD).code == "security.foreign_organisation"
    assert story.refuses(passing("PV-02"), OTHER_AGENCY).code == "security.foreign_organisation"
    refused = story.refuses(passing("PV-02", slip=" "), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.6.a.slip", ("/slip",))
    (fact,) = story.accepts(passing("PV-02"), AGENCY, TUESDAY - timedelta(hours=1))
    assert isinstance(fact, LegStarted)
    assert (fact.of, fact.finish_by, fact.slip) == ("H07.21", WEDNESDAY, "15/PC ngày 06/10/2026")
    assert (fact.passed_by, fact.officer) == (AGENCY_CODE, build.OFFICER)
    assert story.refuses(passing("PV-02"), AGENCY).code == "rule.17.6.a.turn"
    assert story.refuses(passing("PV-09"), AGENCY).code == "rule.17.6.a.unknown"
    story.accepts(finishing("PV-02"), OTHER_AGENCY, TUESDAY)
    (fact,) = story.accepts(passing("PV-03"), OTHER_AGENCY, TUESDAY)
    assert isinstance(fact, LegStarted)
    assert fact.passed_by == "H07.21"


def test_a_transfer_slip_is_for_who_passes_the_paper_on_and_who_gets_it() -> None:
    story = on_paper()
    story.accepts(finishing("PV-01"), AGENCY)
    (fact,) = story.accepts(passing("PV-02"), AGENCY)
    typesetter = Sender("typesetter", frozenset({"typesetter"}), frozenset())
    known = Directory((COUNTER, AGENCY, OTHER_AGENCY, THIRD, typesetter))
    assert "typesetter" in receivers(story.now, story.now, fact, known)
    paper = MadePaper(form="transfer-slip", digest="a" * 64, size=1)
    made = FormMade(fact="leg.started", issued_at=TUESDAY, to="H07.21", papers=(paper,))
    assert receivers(story.now, story.now, made, known) == ("counter-mau", "agency-mau", "agency-khac")
    other = made.model_copy(update={"fact": "reminder.issued", "to": AGENCY_CODE})
    assert receivers(story.now, story.now, other, known) == ("counter-mau", "agency-mau")


@pytest.mark.rule("17.6.a")
def test_paper_comes_back_to_the_lead_with_a_slip_too() -> None:
    story = sent((leg("PV-01", "H07.21"), leg("PV-02", AGENCY_CODE)), "in_person")[0]
    story.accepts(passing("PV-01"), AGENCY)
    assert not started(story.accepts(finishing("PV-01"), OTHER_AGENCY))
    assert started(story.accepts(passing("PV-02"), OTHER_AGENCY)) == ["PV-02"]


@pytest.mark.rule("17.6.a")
def test_an_order_that_is_not_clear_is_refused_by_field() -> None:
    story = build.accepted()
    twice = story.refuses(build.forwarding(legs=(leg(), leg())), COUNTER)
    assert (twice.code, twice.fields) == ("rule.17.6.a.order", ("/legs/1/leg",))
    named = story.refuses(build.forwarding(legs=(leg(), leg("PV-02", needs=("PV-01",)))), COUNTER)
    assert named.fields == ("/legs/1/needs",)
    online = build.accepted(channel="online")
    later = (leg(needs=("PV-02",)), leg("PV-02"))
    assert online.refuses(build.forwarding(legs=later), COUNTER).fields == ("/legs/0/needs",)


@pytest.mark.rule("17.6.a")
def test_a_profile_may_go_by_the_papers_of_the_dossier() -> None:
    story = build.accepted(channel="online")
    changed = replace(story.law.profile, interlinked=Interlinked(mode_by="papers"))
    story.law = replace(story.law, profile=changed)
    assert plan_of(story.accepts(build.forwarding(legs=CHAIN), COUNTER)).order == "sequence"


@pytest.mark.rule("17.6.b")
def test_electronically_all_are_told_at_once_and_those_that_need_nothing_start() -> None:
    story = build.accepted(channel="online")
    before = story.now
    facts = story.accepts(build.forwarding(legs=FAN), COUNTER)
    plan = plan_of(facts)
    assert (plan.order, [one.finish_by for one in plan.legs]) == ("at_once", [TUESDAY, TUESDAY, WEDNESDAY])
    told = receivers(before, story.now, plan, EVERYBODY)
    assert told == ("counter-mau", "agency-mau", "agency-khac", "agency-ba")
    assert started(facts) == ["PV-01", "PV-02"]
    assert "leg:PV-03" not in story.now.timers


@pytest.mark.rule("17.6.b")
def test_an_agency_of_a_part_gets_what_it_needs_and_no_way_to_the_applicant() -> None:
    story = build.accepted(channel="online")
    facts = story.accepts(build.forwarding(legs=FAN), COUNTER)
    (fact, _) = [one for one in facts if isinstance(one, LegStarted)]
    assert (fact.of, fact.code) == ("H07.21", build.CODE)
    assert fact.components
    assert fact.applicant.identity_number == OWNER.identity_number
    for value in (OWNER.phone, OWNER.email, OWNER.address):
        assert value is not None
        assert value not in fact.model_dump_json()
    assert receivers(story.now, story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau", "agency-khac")
    forwarded = facts[0]
    assert "agency-khac" not in receivers(story.now, story.now, forwarded, EVERYBODY)
    assert has_part(story.now, OTHER_AGENCY)
    story.accepts(build.receipt(), AGENCY)
    for request in (build.case_step(), build.issue(), build.refusal()):
        assert story.refuses(request, OTHER_AGENCY).code == "security.foreign_organisation"
    assert unheard_agency(fact, story.now, Directory((COUNTER,))) == "H07.21"


@pytest.mark.rule("17.6.b")
def test_a_partial_result_goes_to_who_needs_it_whose_time_runs_from_then_on() -> None:
    story = at_once()
    (fact,) = story.accepts(finishing("PV-02"), AGENCY, TUESDAY)
    assert isinstance(fact, LegFinished)
    assert receivers(story.now, story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau", "agency-ba")
    late = WEDNESDAY - timedelta(hours=1)
    facts = story.accepts(finishing("PV-01"), OTHER_AGENCY, late)
    assert facts[1] == RuleViolated(rule="17.6.b", late_s=23 * 3600)
    assert started(facts) == ["PV-03"]
    assert story.now.legs["PV-03"].finish_by == at("2026-10-08 17:00")  # not the day before
    assert not story.accepts(finishing("PV-03"), THIRD, late)[1:]


@pytest.mark.rule("17.6.b")
def test_a_late_part_is_told_to_the_one_stop_the_lead_and_whose_it_is() -> None:
    story = at_once()
    (missed,) = story.accepts(build.firing(story.now, "leg:PV-01"), HUB, TUESDAY)
    assert missed == DeadlineMissed(timer="leg:PV-01", kind="leg", due_at=TUESDAY, holder="H07.21")
    assert receivers(story.now, story.now, missed, EVERYBODY) == ("counter-mau", "agency-mau", "agency-khac")
    (urged,) = story.accepts(reminder("leg:PV-01"), COUNTER, TUESDAY + timedelta(hours=1))
    assert "agency-khac" in receivers(story.now, story.now, urged, EVERYBODY)
    paper = on_paper()
    facts = paper.accepts(finishing("PV-01"), AGENCY, TUESDAY + timedelta(seconds=1))
    assert facts[1:] == (RuleViolated(rule="17.6.b", late_s=1),)
    paper.accepts(passing("PV-02"), AGENCY, TUESDAY + timedelta(seconds=1))
    limit = paper.now.timers["leg:PV-02"].due_at
    facts = paper.accepts(finishing("PV-02"), OTHER_AGENCY, limit + timedelta(seconds=2))
    assert facts[1:] == (RuleViolated(rule="17.6.a", late_s=2),)


@pytest.mark.rule("17.6.b")
def test_a_part_is_finished_once_by_its_agency_or_by_the_lead_with_a_letter() -> None:
    story = at_once()
    assert story.refuses(finishing("PV-03"), THIRD).code == "rule.17.6.b.state"
    assert story.refuses(finishing("PV-01"), THIRD).code == "security.foreign_organisation"
    assert story.refuses(finishing("PV-01", result="\t"), OTHER_AGENCY).fields == ("/result",)
    for blank in (None, " "):
        refused = story.refuses(finishing("PV-01", letter=blank), AGENCY)
        assert (refused.code, refused.fields) == ("rule.17.6.b.letter", ("/letter",))
    assert story.accepts(finishing("PV-01", letter="12/CV ngày 06/10/2026"), AGENCY)
    assert story.refuses(finishing("PV-01"), OTHER_AGENCY).code == "rule.17.6.b.state"
    assert "leg:PV-01" not in story.now.timers


@pytest.mark.rule("17.6.b")
def test_the_limits_of_all_parts_lie_inside_the_time_of_the_whole() -> None:
    story = build.accepted()
    long = (leg(working_days=2), leg("PV-02", working_days=2))
    refused = story.refuses(build.forwarding(legs=long), COUNTER)
    assert (refused.code, refused.fields) == ("rule.17.6.b.limit", ("/legs/1/working_days",))
    online = build.accepted(channel="online")
    assert online.accepts(build.forwarding(legs=long), COUNTER)  # side by side they fit
    free = replace(story.law.profile, interlinked=Interlinked(limits="free"))
    story.law = replace(story.law, profile=free)
    assert story.accepts(build.forwarding(legs=long), COUNTER)


@pytest.mark.rule("17.6.b")
def test_a_task_is_in_words_and_an_agency_is_there() -> None:
    story = build.accepted()
    refused = story.refuses(build.forwarding(legs=(leg(task=" "),)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.17.6.b.task", ("/legs/0/task",))
    day = at("2025-06-30 09:00")
    then = replace(story, registers=registers(CSV))
    unknown = then.refuses(build.forwarding(legs=(leg(of="H07.99"),)), COUNTER, day)
    assert (unknown.code, unknown.fields) == ("organisation.unknown", ("/legs/0/of",))


@pytest.mark.rule("17.6.a")
def test_the_result_waits_until_each_part_that_can_be_done_is_done() -> None:
    story = at_once()
    story.accepts(build.receipt(), AGENCY)
    assert [one.of for one in open_requests(story.now) if one.what.startswith("part")] == [
        "H07.21", AGENCY_CODE, "H07.22",
    ]  # fmt: skip
    assert story.refuses(build.issue(), AGENCY).code == "rule.17.6.a.open"
    story.accepts(finishing("PV-01", outcome="not_done"), OTHER_AGENCY)
    story.accepts(finishing("PV-02"), AGENCY)
    assert "PV-03" not in story.now.open_legs  # it needs what was not done
    assert story.accepts(build.issue(), AGENCY)


def test_parts_are_awaited_through_a_supplement_and_no_longer_when_the_dossier_ends() -> None:
    story = at_once()
    story.accepts(build.receipt(), AGENCY)
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    assert story.accepts(finishing("PV-01"), OTHER_AGENCY)
    ended = at_once()
    ended.accepts(build.receipt(), AGENCY)
    ended.accepts(build.refusal(), AGENCY)
    assert not ended.now.asked_timers
    assert ended.refuses(finishing("PV-01"), OTHER_AGENCY).code == "state.conflict"
