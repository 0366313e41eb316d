"""Apology, new time and timers: Art. 6.3.b, 17.9."""

from __future__ import annotations

from datetime import datetime

import pytest

from schemas.dossier import WithdrawDossier
from schemas.due import (
    ApologySent,
    DeadlineMissed,
    DeadlineNear,
    DueRescheduled,
    FireTimer,
    RuleViolated,
)
from schemas.result import ResultIssued
from tests.support import dossiers as build
from tests.support import words
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, MONDAY, ONE_STOP, PORTAL, at

DUE = at("2026-10-08 17:00")
NEW_DUE = at("2026-10-14 17:00")


@pytest.mark.rule("17.9")
def test_an_apology_until_the_end_of_the_day_before_is_in_time() -> None:
    story = build.in_process()
    (fact,) = story.accepts(build.apology(NEW_DUE), AGENCY, at("2026-10-07 17:00"))
    assert isinstance(fact, ApologySent)
    assert (fact.due_at, fact.new_due_at, fact.is_late) == (DUE, NEW_DUE, False)
    assert "apology" not in story.now.timers


@pytest.mark.rule("17.9")
def test_a_late_apology_is_recorded_with_its_violation() -> None:
    facts = build.in_process().accepts(build.apology(NEW_DUE), AGENCY, at("2026-10-07 17:01"))
    assert isinstance(facts[0], ApologySent)
    assert facts[0].is_late
    assert facts[1] == RuleViolated(rule="17.9", late_s=60)


@pytest.mark.rule("17.9")
def test_a_late_apology_moves_the_appointment_and_takes_no_delay_back() -> None:
    story = build.in_process()
    late = at("2026-10-08 10:00")  # on the due day
    sent, _ = story.accepts(build.apology(NEW_DUE), AGENCY, late)
    assert isinstance(sent, ApologySent)
    assert sent.measured_due_at == DUE
    (moved,) = story.accepts(build.rescheduling(NEW_DUE), COUNTER, late)
    assert isinstance(moved, DueRescheduled)
    assert (moved.new_due_at, moved.measured_due_at) == (NEW_DUE, DUE)
    assert (story.now.due_at, story.now.measure) == (NEW_DUE, DUE)
    (missed,) = story.accepts(build.firing(story.now, "due"), HUB, DUE)
    assert missed == DeadlineMissed(timer="due", kind="due", due_at=DUE, holder=AGENCY_CODE)
    again = build.firing(story.now, "appointment")
    issued = story.accepts(build.issue(), AGENCY, at("2026-10-09 17:00"))[0]
    assert isinstance(issued, ResultIssued)
    assert issued.overdue_s == 24 * 3600
    assert story.now.timers == {}
    assert story.refuses(again, HUB, NEW_DUE).code == "timer.stale"


@pytest.mark.rule("17.9")
def test_an_apology_ten_days_after_the_due_time_leaves_the_dossier_as_late_as_it_is() -> None:
    story = build.in_process()
    story.accepts(build.firing(story.now, "due"), HUB, DUE)
    new_due_at = at("2026-10-21 10:00")
    story.accepts(build.apology(new_due_at), AGENCY, at("2026-10-19 08:00"))
    story.accepts(build.rescheduling(new_due_at), COUNTER, at("2026-10-19 08:30"))
    story.accepts(words.notice("reschedule"), COUNTER, at("2026-10-19 09:00"))
    assert list(story.now.timers) == ["appointment"]
    (missed,) = story.accepts(build.firing(story.now, "appointment"), HUB, new_due_at)
    assert missed == DeadlineMissed(timer="appointment", kind="due", due_at=new_due_at, holder=AGENCY_CODE)
    refused = story.accepts(build.refusal(), AGENCY, at("2026-10-22 17:00"))
    assert refused[1] == RuleViolated(rule="17.8", late_s=14 * 86400)


@pytest.mark.rule("17.9")
def test_an_apology_in_time_counts_from_its_own_day_on_also_when_the_one_stop_is_slow() -> None:
    story = build.in_process()
    (sent,) = story.accepts(build.apology(NEW_DUE), AGENCY, at("2026-10-07 17:00"))
    assert isinstance(sent, ApologySent)
    assert sent.measured_due_at == NEW_DUE
    assert sent.notify_by == ("call", "email", "sms", "social")
    assert story.now.timers["due"].due_at == NEW_DUE
    (moved,) = story.accepts(build.rescheduling(NEW_DUE), COUNTER, at("2026-10-09 08:00"))
    assert isinstance(moved, DueRescheduled)
    assert moved.measured_due_at is None
    assert story.now.timers["due"].due_at == NEW_DUE
    issued = story.accepts(build.issue(), AGENCY, NEW_DUE)[0]
    assert isinstance(issued, ResultIssued)
    assert issued.overdue_s == 0


@pytest.mark.rule("17.9")
def test_a_second_apology_that_the_profile_allows_takes_no_delay_back_either() -> None:
    story = build.in_process()
    story.law = build.law_with(reschedule={"max_count": 2, "changed_by": "hub"})
    story.accepts(build.apology(NEW_DUE), AGENCY, at("2026-10-09 08:00"))
    (sent, _) = story.accepts(build.apology(at("2026-10-20 17:00")), AGENCY, at("2026-10-12 08:00"))
    assert isinstance(sent, ApologySent)
    assert (sent.is_late, sent.measured_due_at) == (False, DUE)


@pytest.mark.rule("17.4")
def test_a_delay_before_the_supplement_is_not_taken_back_by_the_new_start() -> None:
    story = build.in_process()
    facts = story.accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-08 18:00"))
    missed = DeadlineMissed(timer="due", kind="due", due_at=DUE, holder=AGENCY_CODE)
    assert facts[0] == missed  # its timer had not fired yet
    assert facts[2] == RuleViolated(rule="17.4", late_s=3600)
    story.accepts(build.supplement(), COUNTER, at("2026-10-12 08:00"))
    issued = story.accepts(build.issue(), AGENCY, at("2026-10-15 17:00"))[0]
    assert isinstance(issued, ResultIssued)
    assert issued.overdue_s == 3600


@pytest.mark.rule("6.3.b")
def test_taking_the_dossier_back_leaves_what_was_missed_on_record() -> None:
    story = build.in_process()
    facts = story.accepts(WithdrawDossier(), PORTAL, at("2026-10-09 08:00"))
    assert facts[0] == DeadlineMissed(timer="due", kind="due", due_at=DUE, holder=AGENCY_CODE)


@pytest.mark.rule("17.9")
@pytest.mark.parametrize("blank", [" ", "\u00a0\n"])
def test_form_04_gives_its_reason(blank: str) -> None:
    request = build.apology(NEW_DUE).model_copy(update={"reason": blank})
    refused = build.in_process().refuses(request, AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.9.reason", ("/reason",))


@pytest.mark.rule("17.9")
def test_a_second_apology_is_refused_however_early() -> None:
    story = build.in_process()
    story.accepts(build.apology(NEW_DUE), AGENCY)
    refused = story.refuses(build.apology(at("2026-10-20 17:00")), AGENCY)
    assert (refused.code, refused.rule) == ("rule.17.9", "17.9")


@pytest.mark.rule("17.9")
def test_a_procedure_too_short_for_the_day_before_is_apologised_for_until_due() -> None:
    story = build.in_process(at("2026-10-05 10:00"), procedure=build.PROCEDURE_OF_THE_DAY)
    assert story.now.due_at == at("2026-10-05 17:00")
    assert "apology" not in story.now.timers
    facts = story.accepts(build.apology(NEW_DUE), AGENCY, at("2026-10-05 17:00"))
    assert len(facts) == 1


@pytest.mark.rule("17.9")
@pytest.mark.parametrize(
    ("new_due_at", "code"),
    [
        (DUE, "due.not_later"),
        (at("2026-10-05 08:00"), "due.not_later"),
        (at("2031-01-06 09:00"), "due.out_of_calendar"),
        (at("2026-10-18 03:00"), "due.not_working_time"),  # a Sunday
        (at("2026-10-14 12:00"), "due.not_working_time"),
        (at("2026-10-14 17:01"), "due.not_working_time"),
    ],
)
def test_the_proposed_time_must_be_later_and_inside_the_calendar(new_due_at: datetime, code: str) -> None:
    refused = build.in_process().refuses(build.apology(new_due_at), AGENCY)
    assert (refused.code, refused.fields) == (code, ("/new_due_at",))


@pytest.mark.rule("17.9")
def test_the_one_stop_enters_the_time_of_form_04_once() -> None:
    story = build.in_process()
    assert story.refuses(build.rescheduling(NEW_DUE), COUNTER).code == "due.no_apology"
    story.accepts(build.apology(NEW_DUE), AGENCY)
    refused = story.refuses(build.rescheduling(at("2026-10-15 17:00")), COUNTER)
    assert (refused.code, refused.fields) == ("due.differs_from_form_04", ("/new_due_at",))
    (fact,) = story.accepts(build.rescheduling(NEW_DUE), COUNTER)
    assert fact == DueRescheduled(officer=build.OFFICER, old_due_at=DUE, new_due_at=NEW_DUE)
    assert story.now.due_at == NEW_DUE
    assert story.now.timers["due"].due_at == NEW_DUE
    assert "apology" not in story.now.timers
    assert story.refuses(build.rescheduling(NEW_DUE), COUNTER).code == "rule.17.9"


@pytest.mark.rule("17.9")
def test_with_the_profile_that_lets_the_hub_change_the_time_the_apology_does_it() -> None:
    story = build.in_process()
    story.law = build.law_with(reschedule={"changed_by": "hub"})
    facts = story.accepts(build.apology(NEW_DUE), AGENCY)
    assert [type(fact) for fact in facts] == [ApologySent, DueRescheduled]
    assert story.now.due_at == NEW_DUE


@pytest.mark.rule("17.9")
@pytest.mark.parametrize(("count_per", "is_possible"), [("dossier", False), ("run", True)])
def test_the_restart_gives_a_new_apology_only_where_it_is_counted_per_run(
    count_per: str, is_possible: bool
) -> None:
    story = build.in_process()
    story.law = build.law_with(reschedule={"count_per": count_per})
    story.accepts(build.apology(NEW_DUE), AGENCY)
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    story.accepts(build.supplement(), COUNTER, at("2026-10-12 09:00"))
    assert ("apology" in story.now.timers) == is_possible
    later = build.apology(at("2026-11-02 17:00"))
    if is_possible:
        story.accepts(later, AGENCY, at("2026-10-12 10:00"))
    else:
        story.refuses(later, AGENCY, at("2026-10-12 10:00"))


def test_only_the_agency_apologises_and_only_the_one_stop_reschedules() -> None:
    story = build.in_process()
    assert story.refuses(build.apology(NEW_DUE), COUNTER).code == "security.foreign_organisation"
    story.accepts(build.apology(NEW_DUE), AGENCY)
    assert story.refuses(build.rescheduling(NEW_DUE), AGENCY).code == "security.foreign_organisation"


@pytest.mark.rule("6.3.b")
def test_the_day_for_the_apology_is_announced_and_the_missed_due_time_recorded() -> None:
    story = build.in_process()
    (near,) = story.accepts(build.firing(story.now, "apology"), HUB, at("2026-10-07 07:00"))
    assert near == DeadlineNear(timer="apology", kind="apology", due_at=at("2026-10-07 07:00"))
    (missed,) = story.accepts(build.firing(story.now, "due"), HUB, DUE)
    assert missed == DeadlineMissed(timer="due", kind="due", due_at=DUE, holder=AGENCY_CODE)
    assert story.now.timers == {}


@pytest.mark.rule("6.3.b")
def test_the_one_stop_is_the_holder_of_a_missed_intake() -> None:
    story = build.submitted(MONDAY, PORTAL, channel="online")
    (missed,) = story.accepts(build.firing(story.now, "intake"), HUB, at("2026-10-06 09:00"))
    assert isinstance(missed, DeadlineMissed)
    assert missed.holder == ONE_STOP


@pytest.mark.rule("6.3.b")
def test_a_timer_fires_once() -> None:
    story = build.in_process()
    request = build.firing(story.now, "due")
    story.accepts(request, HUB, DUE)
    assert story.refuses(request, HUB, DUE).code == "timer.stale"


@pytest.mark.rule("6.3.b")
def test_a_timer_of_an_act_that_happened_is_stale() -> None:
    story = build.accepted()
    paper = build.firing(story.now, "forward")
    electronic = build.firing(story.now, "forward_electronic")
    story.accepts(build.forwarding(), COUNTER)
    build.hand_on(story)
    for request in (paper, electronic):
        assert story.refuses(request, HUB, at("2026-10-05 17:00")).code == "timer.stale"


@pytest.mark.rule("6.3.b")
def test_a_timer_whose_time_moved_is_stale_and_one_that_is_not_due_is_early() -> None:
    story = build.in_process()
    moved = FireTimer(timer="due", kind="due", due_at=at("2026-10-08 16:59"))
    assert story.refuses(moved, HUB, DUE).code == "timer.stale"
    assert story.refuses(build.firing(story.now, "due"), HUB, at("2026-10-08 16:59")).code == "timer.early"
