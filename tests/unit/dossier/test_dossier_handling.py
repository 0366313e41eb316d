"""Transfer, handling, return: Art. 16, 17.1, 17.10, 18, 19.4."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from hub.dossier.decide import decide
from hub.dossier.decision import Sender
from hub.dossier.errors import ContextError
from schemas.case import CaseAssigned, CaseProgressed, StepCase
from schemas.dossier import Component, DossierForwarded, DossierReceived
from schemas.due import DeadlineMissed, RuleViolated
from schemas.result import IssueResult, LeftOutPaper, ResultIssued, ResultPaper, ResultReturned
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    HUB,
    MONDAY,
    ONE_STOP,
    OTHER_AGENCY,
    OTHER_COUNTER,
    PORTAL,
    POSTAL,
    at,
)
from tests.support.lawbooks import completed_law

PAPERS = tuple(item.code for item in build.papers())


@pytest.mark.rule("16")
def test_a_dossier_goes_to_the_competent_agency_only() -> None:
    story = build.accepted()
    refused = story.refuses(build.forwarding(to="H07.21"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.16", ("/to",))
    (fact,) = story.accepts(build.forwarding(), COUNTER)
    assert isinstance(fact, DossierForwarded)
    assert (fact.to, fact.code, fact.applicant) == (AGENCY_CODE, build.CODE, build.OWNER)
    assert fact.components == build.papers()
    assert fact.due_at == at("2026-10-08 17:00")
    assert story.now.status == "forwarded"


def test_forwarding_without_the_applicant_is_a_bug_of_the_engine() -> None:
    story = build.accepted()
    context = replace(story.context(COUNTER, MONDAY), applicant=None)
    with pytest.raises(ContextError):
        decide(story.dossier, build.forwarding(), context)


@pytest.mark.rule("16.2")
@pytest.mark.parametrize(
    ("accepted_at", "limit"),
    [("2026-10-05 15:00:00", "2026-10-05 17:00"), ("2026-10-05 15:00:01", "2026-10-06 08:00")],
)
def test_paper_accepted_after_15_00_goes_on_at_the_next_opening(accepted_at: str, limit: str) -> None:
    story = build.accepted(at(accepted_at))
    timer = story.now.timers["forward"]
    assert (timer.kind, timer.due_at) == ("forward", at(limit))
    (_,) = story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, *PAPERS), COUNTER, at(limit))
    assert "forward" not in story.now.timers


@pytest.mark.rule("16.2")
def test_paper_that_goes_too_late_is_recorded_as_late() -> None:
    story = build.accepted()
    story.accepts(build.forwarding(), COUNTER)
    late = build.hand_over(ONE_STOP, "post", *PAPERS)
    facts = story.accepts(late, COUNTER, at("2026-10-05 17:02"))
    assert facts[1] == RuleViolated(rule="16.2", late_s=120)


@pytest.mark.rule("16.2")
def test_the_electronic_transfer_does_not_stop_the_clock_of_the_paper() -> None:
    story = build.accepted()
    assert len(story.accepts(build.forwarding(), COUNTER)) == 1
    (missed,) = story.accepts(build.firing(story.now, "forward"), HUB, at("2026-10-05 17:00"))
    assert missed == DeadlineMissed(
        timer="forward", kind="forward", due_at=at("2026-10-05 17:00"), holder=ONE_STOP
    )
    nine_days = at("2026-10-14 17:00")
    facts = story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, *PAPERS), COUNTER, nine_days)
    assert facts[1] == RuleViolated(rule="16.2", late_s=9 * 86400)


@pytest.mark.rule("16.2")
def test_the_clock_of_the_paper_runs_until_the_last_paper_and_through_a_supplement() -> None:
    story = build.accepted()
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, PAPERS[0]), COUNTER)
    story.accepts(build.receipt(), AGENCY)
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    assert list(story.now.timers) == ["forward"]
    story.accepts(build.hand_over(ONE_STOP, "applicant", PAPERS[1]), COUNTER, at("2026-10-05 17:01"))
    assert story.now.timers == {}


@pytest.mark.rule("16.2")
def test_a_paper_that_comes_after_acceptance_is_handed_on_from_then() -> None:
    story = build.accepted(channel="post", return_channel="post")
    assert "forward" not in story.now.timers
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.hand_over("applicant", ONE_STOP, *PAPERS), COUNTER, at("2026-10-06 15:30"))
    story.accepts(build.paper_receipt("applicant", ONE_STOP, *PAPERS), COUNTER, at("2026-10-06 15:30"))
    assert story.now.timers["forward"].due_at == at("2026-10-07 08:00")


@pytest.mark.rule("16.2")
def test_an_agency_that_is_its_own_one_stop_hands_no_paper_on() -> None:
    story = build.accepted(agency=ONE_STOP)
    assert "forward" not in story.now.timers


@pytest.mark.rule("16.2")
def test_under_the_first_version_of_the_profile_the_transfer_stops_the_one_clock() -> None:
    story = build.identified()
    story.law = build.law_with(forward={"electronic_working_minutes": None})
    story.accepts(build.acceptance(), COUNTER)
    assert "forward_electronic" not in story.now.timers
    facts = story.accepts(build.forwarding(), COUNTER, at("2026-10-05 17:02"))
    assert facts[1] == RuleViolated(rule="16.2", late_s=120)
    assert "forward" not in story.now.timers
    assert (
        len(story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, *PAPERS), COUNTER, at("2026-10-14 09:00")))
        == 1
    )


@pytest.mark.rule("16.1")
def test_the_electronic_dossier_goes_within_the_first_working_hour() -> None:
    story = build.accepted(at("2026-10-05 16:30"))
    timer = story.now.timers["forward_electronic"]
    assert (timer.kind, timer.due_at) == ("forward_electronic", at("2026-10-06 07:30"))
    (missed,) = story.accepts(build.firing(story.now, "forward_electronic"), HUB, timer.due_at)
    assert isinstance(missed, DeadlineMissed)
    assert missed.holder == ONE_STOP
    facts = story.accepts(build.forwarding(), COUNTER, at("2026-10-06 07:31"))
    assert facts[1] == RuleViolated(rule="16.1", late_s=60)
    assert "forward_electronic" not in story.now.timers


@pytest.mark.rule("16.2")
def test_an_electronic_dossier_has_no_15_00() -> None:
    electronic = tuple(item.model_copy(update={"electronic": True}) for item in build.papers())
    story = build.accepted(channel="online", components=electronic)
    assert "forward" not in story.now.timers
    assert len(story.accepts(build.forwarding(), COUNTER, at("2026-10-05 10:00"))) == 1


@pytest.mark.rule("16.2")
def test_a_profile_may_narrow_the_15_00_rule_to_the_counter() -> None:
    story = build.identified(channel="post")
    story.law = build.law_with(forward={"paper_scope": "in_person"})
    story.accepts(build.acceptance(), COUNTER)
    assert "forward" not in story.now.timers


@pytest.mark.rule("16.1")
def test_only_the_competent_agency_or_its_one_stop_receives() -> None:
    story = build.forwarded()
    assert story.refuses(build.receipt(), OTHER_AGENCY).code == "security.foreign_organisation"
    assert story.refuses(build.receipt(), COUNTER).code == "security.foreign_organisation"
    its_one_stop = Sender("counter-so", frozenset({"counter"}), frozenset({AGENCY_CODE}))
    (fact,) = story.accepts(build.receipt(), its_one_stop)
    assert fact == DossierReceived(officer=build.OFFICER, agency=AGENCY_CODE)
    assert story.refuses(build.receipt(), AGENCY).state == "received"


@pytest.mark.rule("19.4")
@pytest.mark.parametrize("make", [build.submitted, build.accepted], ids=["submitted", "accepted"])
def test_the_agency_does_nothing_before_the_dossier_is_forwarded(make: build.MakeStory) -> None:
    for request in (build.assignment(), build.case_step(), build.issue()):
        refused = make().refuses(request, AGENCY)
        assert (refused.code, refused.rule) == ("rule.19.4", "19.4")


@pytest.mark.rule("19.4")
def test_an_intake_supplement_does_not_open_the_dossier_to_the_agency() -> None:
    story = build.submitted()
    story.accepts(build.supplement_request(), COUNTER)
    assert story.refuses(build.assignment(), AGENCY).code == "rule.19.4"


@pytest.mark.rule("17.1")
def test_a_forwarded_case_is_assigned_worked_on_and_decided_by_the_agency() -> None:
    story = build.forwarded()
    assert story.refuses(build.assignment(), OTHER_AGENCY).code == "security.foreign_organisation"
    assert story.refuses(build.assignment(), COUNTER).code == "security.foreign_organisation"
    (assigned,) = story.accepts(build.assignment(), AGENCY)
    assert assigned == CaseAssigned(assignee=build.OFFICER, agency=AGENCY_CODE)
    (step,) = story.accepts(build.case_step(), AGENCY)
    assert isinstance(step, CaseProgressed)
    (issued,) = story.accepts(build.issue(), AGENCY, at("2026-10-08 17:00"))
    assert isinstance(issued, ResultIssued)
    assert issued.overdue_s == 0
    assert (story.now.status, story.now.timers) == ("result_issued", {})


def test_a_result_needs_the_agencys_receipt_or_assignment_first() -> None:
    refused = build.forwarded().refuses(build.issue(), AGENCY)
    assert (refused.code, refused.state) == ("state.conflict", "forwarded")


def test_a_late_result_says_by_how_much() -> None:
    (fact,) = build.in_process().accepts(build.issue(), AGENCY, at("2026-10-08 17:10"))
    assert isinstance(fact, ResultIssued)
    assert fact.overdue_s == 600


@pytest.mark.rule("18.1")
def test_a_result_names_each_paper_once() -> None:
    refused = build.in_process().refuses(build.issue("KQ.1", "KQ.2", "KQ.1"), AGENCY)
    assert (refused.code, refused.fields) == ("rule.18.1.repeated", ("/papers/2/code",))


SEVERAL = "1.010041"
"""Confirmation of residence: the confirmation, or the slip by which it is refused."""
GIVEN, OTHER = "KQ.G01.000062", "KQ.G01.000067"


def of_several(*left: LeftOutPaper, codes: tuple[str, ...] = (GIVEN,)) -> IssueResult:
    return build.issue(*codes).model_copy(update={"left_out": left})


@pytest.mark.rule("18.1")
def test_only_published_results_of_the_procedure_are_issued() -> None:
    refused = build.in_process().refuses(build.issue(build.RESULT_CODE, "KQ.G15.000031"), AGENCY)
    assert (refused.code, refused.fields) == ("rule.18.1.unlisted", ("/papers/1/code",))
    assert refused.possible == (build.RESULT_CODE,)


@pytest.mark.rule("18.1")
def test_a_published_result_that_is_not_given_is_left_out_with_a_reason() -> None:
    story = build.in_process()
    story.dossier = replace(story.now, procedure=SEVERAL)
    refused = story.refuses(of_several(), AGENCY)
    assert (refused.code, refused.possible) == ("rule.18.1.left_out", (OTHER,))
    blank = LeftOutPaper(code=OTHER, reason="\u00a0")
    assert story.refuses(of_several(blank), AGENCY).fields == ("/left_out/0/reason",)
    unknown = LeftOutPaper(code="KQ.X", reason="Không có")
    assert story.refuses(of_several(unknown), AGENCY).fields == ("/left_out/0/code",)
    reason = LeftOutPaper(code=OTHER, reason="Hồ sơ được giải quyết")
    assert story.refuses(of_several(reason, codes=(GIVEN, OTHER)), AGENCY).code == "rule.18.1.left_out"
    story.accepts(of_several(reason), AGENCY)
    assert story.now.results_left_out == (OTHER,)
    story.accepts(build.result_return(codes=(GIVEN,)), COUNTER)


@pytest.mark.rule("18.1")
def test_what_is_returned_is_held_against_the_published_results_too() -> None:
    story = build.issued()
    story.dossier = replace(story.now, result_papers=("KQ.1",))  # as an agency issued under another law
    refused = story.refuses(build.result_return(codes=("KQ.1",)), COUNTER)
    assert (refused.code, refused.possible) == ("rule.18.1.published", (build.RESULT_CODE,))


@pytest.mark.rule("17.10")
def test_the_result_is_electronic_only_where_the_applicant_asked_for_it() -> None:
    paper = ResultPaper(code=build.RESULT_CODE, number="01/XN", mode="electronic")
    only = IssueResult(papers=(paper,), signer=build.OFFICER)
    refused = build.in_process().refuses(only, AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.10.mode", ("/papers/0/mode",))
    asked, free = build.in_process(result_form="electronic"), build.in_process()
    asked.law = build.law_with(returning={"result_signature": "named"})
    asked.accepts(only, AGENCY)
    free.law = build.law_with(returning={"electronic_only": "free", "result_signature": "named"})
    free.accepts(only, AGENCY)


@pytest.mark.rule("17.10")
def test_the_result_is_electronic_only_where_the_procedure_gives_no_other() -> None:
    paper = ResultPaper(code=build.RESULT_CODE, number="01/XN", mode="electronic")
    story = build.in_process()
    said = f'[procedures."{build.PROCEDURE}"]\nelectronic_results = ["{build.RESULT_CODE}"]'
    named = build.law_with(returning={"result_signature": "named"})
    story.law = dataclasses.replace(named, catalogue=completed_law(said).catalogue)
    story.accepts(IssueResult(papers=(paper,), signer=build.OFFICER), AGENCY)
    assert paper.code not in story.now.custody


@pytest.mark.rule("18.1")
def test_an_incomplete_result_is_not_returned() -> None:
    story = build.in_process()
    story.law = build.law_with(returning={"result_papers": "any"})
    story.accepts(build.issue("KQ.1", "KQ.2"), AGENCY)
    assert story.refuses(build.result_return(codes=("KQ.1",)), COUNTER).code == "rule.18.1"
    assert story.refuses(build.result_return(codes=("KQ.1", "KQ.2", "KQ.3")), COUNTER).code == "rule.18.1"
    fact = story.accepts(build.result_return(codes=("KQ.2", "KQ.1")), COUNTER)[0]
    assert isinstance(fact, ResultReturned)
    assert story.now.status == "returned"
    assert story.now.custody["KQ.1"] == "applicant"


@pytest.mark.rule("18.3")
def test_the_result_comes_back_in_person_or_as_registered() -> None:
    story = build.issued(return_channel="post")
    refused = story.refuses(build.result_return("online"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.18.3", ("/channel",))
    assert refused.possible == ("in_person", "post")
    story.accepts(build.result_return("post"), COUNTER)
    build.issued(return_channel="post").accepts(build.result_return("in_person"), COUNTER)


@pytest.mark.rule("18.3")
def test_the_post_returns_by_post_and_the_portal_online() -> None:
    by_post = build.issued(return_channel="post")
    assert by_post.refuses(build.result_return("in_person"), POSTAL).code == "rule.18.3"
    assert by_post.refuses(build.result_return("post"), PORTAL).code == "rule.18.3"
    by_post.accepts(build.result_return("post"), POSTAL)
    online = build.issued(return_channel="online")
    assert online.refuses(build.result_return("online"), POSTAL).code == "rule.18.3"
    online.accepts(build.result_return("online"), PORTAL)


def test_a_finished_dossier_says_that_nothing_more_is_possible_but_papers() -> None:
    story = build.issued()
    story.accepts(build.result_return(), COUNTER)
    refused = story.refuses(build.result_return(), COUNTER)
    assert (refused.code, refused.state) == ("state.conflict", "returned")
    assert refused.possible == (
        "onestop.complaint.record.v1",
        "onestop.dossier.archive.v1",
        "onestop.info.request.v1",
        "onestop.loss.record.v1",
        "onestop.paper.hand_over.v1",
        "onestop.rating.record.v1",
        "onestop.result.correct.v1",
    )


def test_another_one_stop_cannot_forward() -> None:
    assert build.accepted().refuses(build.forwarding(), OTHER_COUNTER).code.startswith("security.")


def test_the_forwarded_dossier_holds_what_was_accepted_not_what_was_lodged() -> None:
    story = build.identified()
    one = (Component(code=build.papers()[0].code, originals=1),)
    story.accepts(build.acceptance(components=one), COUNTER)
    (fact,) = story.accepts(build.forwarding(), COUNTER)
    assert isinstance(fact, DossierForwarded)
    assert fact.components == one


@pytest.mark.rule("9.4")
def test_a_step_is_one_of_the_approved_process_where_it_was_entered() -> None:
    story = build.in_process()
    story.accepts(StepCase(step="Bước tự đặt"), AGENCY)
    text = f'[[procedures."{build.PROCEDURE}".steps]]\nname = "Thẩm định"\ntime = "1 WORKING_DAY"\n'
    story.law = completed_law(text)
    refused = story.refuses(StepCase(step="Bước tự đặt"), AGENCY)
    assert (refused.code, refused.rule, refused.possible) == ("rule.9.4", "9.4", ("Thẩm định",))
    story.accepts(StepCase(step="Thẩm định"), AGENCY)
