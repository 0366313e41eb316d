"""Supplement and the end without a result: Art. 8.5.b, 14, 15.1.c, 15.2.a, 17.4, 17.8."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from msgspec.structs import replace

from hub.dossier.decision import Refused, Sender
from hub.regulation.lawbook import load_book
from schemas.dossier import (
    Component,
    DossierDeclined,
    DossierSupplemented,
    DossierWithdrawn,
    Gap,
    SupplementAdded,
    WithdrawDossier,
)
from schemas.due import RuleViolated
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, MONDAY, OTHER_AGENCY, OTHER_COUNTER, PORTAL, at


@pytest.mark.rule("8.5.b")
def test_the_one_stop_asks_once_and_the_second_time_is_refused() -> None:
    story = build.submitted()
    story.accepts(build.supplement_request(), COUNTER)
    assert (story.now.status, story.now.supplement_stage) == ("awaiting_supplement", "intake")
    story.accepts(build.supplement(), COUNTER)
    assert story.now.status == "submitted"
    refused = story.refuses(build.supplement_request(), COUNTER)
    assert (refused.code, refused.rule) == ("rule.8.5.b", "8.5.b")
    assert "onestop.dossier.request_supplement.v1" not in refused.possible


@pytest.mark.rule("8.5.b")
def test_each_stage_has_its_own_one_time() -> None:
    story = build.submitted()
    story.accepts(build.supplement_request(), COUNTER)
    story.accepts(build.supplement(), PORTAL)
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    story.accepts(build.identity_answer(check), build.POPULATION)
    story.accepts(build.acceptance(), COUNTER)
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.receipt(), AGENCY)
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    story.accepts(build.supplement(), COUNTER)
    assert story.now.status == "received"
    assert story.refuses(build.supplement_request("appraisal"), AGENCY).code == "rule.8.5.b"


@pytest.mark.rule("17.4")
def test_handling_time_is_counted_again_from_the_start() -> None:
    story = build.in_process()
    story.accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-07 10:00"))
    assert list(story.now.timers) == ["papers_back"]
    fact = story.accepts(build.supplement(), COUNTER, at("2026-10-12 08:00"))[0]
    assert isinstance(fact, DossierSupplemented)
    assert fact.due_at == at("2026-10-15 17:00")
    assert story.now.status == "in_process"
    assert story.now.timers["due"].due_at == at("2026-10-15 17:00")
    assert story.now.timers["apology"].due_at == at("2026-10-14 07:00")
    assert fact.form == "01"


@pytest.mark.rule("17.4")
@pytest.mark.parametrize("chosen", [{"on_restart_receipt": "keep"}, {"after": "extend"}])
def test_the_receipt_stays_where_the_profile_keeps_it_or_the_time_goes_on(chosen: dict[str, str]) -> None:
    story = build.in_process()
    story.law = build.law_with(supplement=chosen)
    story.accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-07 10:00"))
    fact = story.accepts(build.supplement(), COUNTER, at("2026-10-12 08:00"))[0]
    assert isinstance(fact, DossierSupplemented)
    assert fact.due_at is not None
    assert fact.form is None


@pytest.mark.rule("17.4")
def test_a_profile_may_extend_by_the_time_waited_instead() -> None:
    story = build.in_process()
    story.law = build.law_with(supplement={"after": "extend"})
    story.accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-07 10:00"))
    story.accepts(build.supplement(), COUNTER, at("2026-10-09 10:00"))
    assert story.now.due_at == at("2026-10-12 17:00")  # Thursday 17:00 + 16 working hours


@pytest.mark.rule("17.4")
def test_a_request_after_the_due_time_is_recorded_as_late() -> None:
    facts = build.in_process().accepts(build.supplement_request("appraisal"), AGENCY, at("2026-10-08 17:01"))
    assert facts[2] == RuleViolated(rule="17.4", late_s=60)


@pytest.mark.rule("17.4")
def test_each_stage_belongs_to_its_own_side() -> None:
    story = build.in_process()
    assert (
        story.refuses(build.supplement_request("appraisal"), COUNTER).code == "security.foreign_organisation"
    )
    assert story.refuses(build.supplement_request("intake"), COUNTER).code == "state.conflict"
    assert story.refuses(build.supplement_request("appraisal"), OTHER_AGENCY).code.startswith("security.")


@pytest.mark.rule("15.2")
def test_an_online_dossier_gets_8_new_hours_after_the_supplement() -> None:
    story = build.submitted(MONDAY, PORTAL, channel="online")
    late = story.accepts(build.supplement_request(), COUNTER, at("2026-10-06 09:01"))
    assert late[2] == RuleViolated(rule="15.2", late_s=60)
    assert "intake" not in story.now.timers
    story.accepts(build.supplement(), PORTAL, at("2026-10-07 13:00"))
    assert story.now.timers["intake"].due_at == at("2026-10-08 11:00")


BOTH = (
    Gap(component=build.papers()[0].code, reason="Tờ khai chưa có chữ ký"),
    Gap(reason="Chưa ghi nơi cư trú"),
)


def awaiting(stage: str = "appraisal") -> build.Story:
    """Form 02 is out with two points: a paper, and a fault of the whole."""
    story = build.in_process() if stage == "appraisal" else build.submitted(MONDAY, PORTAL, channel="online")
    story.accepts(build.supplement_request(stage, gaps=BOTH), AGENCY if stage == "appraisal" else COUNTER)
    assert story.now.open_points == ((1, build.papers()[0].code), (2, ""))
    return story


@pytest.mark.rule("14.1")
@pytest.mark.parametrize("sender", [COUNTER, PORTAL])
@pytest.mark.parametrize("stage", ["intake", "appraisal"])
def test_a_supplement_that_answers_nothing_is_refused_and_no_clock_starts(stage: str, sender: Sender) -> None:
    story = awaiting(stage)
    for nothing in ((), build.papers()[1:]):
        refused = story.refuses(build.supplement(components=nothing), sender)
        assert (refused.code, refused.fields) == ("rule.14.1", ("/components", "/answers"))
    assert story.now.timers.keys() == {"papers_back" if stage == "appraisal" else "notice:answer"}


@pytest.mark.rule("14.1")
def test_a_part_of_what_was_asked_for_is_kept_and_the_rest_is_waited_for() -> None:
    story = awaiting()
    (added,) = story.accepts(build.supplement(components=build.papers()[:1]), PORTAL, at("2026-10-06 09:00"))
    assert isinstance(added, SupplementAdded)
    assert added.open_points == (2,)
    assert {item.code for item in added.components} == {item.code for item in build.papers()}
    assert (story.now.status, "due" in story.now.timers) == ("awaiting_supplement", False)
    again = build.supplement(components=build.papers()[:1])
    assert story.refuses(again, PORTAL).code == "rule.14.1"
    last = build.supplement(components=(), answers=(build.answer(2),))
    full = story.accepts(last, PORTAL, at("2026-10-12 08:00"))[-1]
    assert isinstance(full, DossierSupplemented)
    assert (full.due_at, full.open_points) == (at("2026-10-15 17:00"), ())
    assert (story.now.status, story.now.open_points) == ("in_process", ())


@pytest.mark.rule("17.4")
def test_a_supplement_removes_nothing() -> None:
    story = build.in_process()
    before = story.now.components
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    (fact,) = story.accepts(build.supplement(components=build.papers()[:1]), COUNTER)
    assert isinstance(fact, DossierSupplemented)
    assert story.now.components == before
    assert len(fact.components) == len(before)


@pytest.mark.rule("17.4")
def test_an_officer_of_the_one_stop_may_take_a_dossier_with_open_points() -> None:
    story = awaiting()
    part = build.supplement(components=build.papers()[:1], taken_by=build.OFFICER)
    refused = story.refuses(part, PORTAL)
    assert (refused.code, refused.fields) == ("rule.17.4.taken", ("/taken_by",))
    full = story.accepts(part, COUNTER, at("2026-10-12 08:00"))[-1]
    assert isinstance(full, DossierSupplemented)
    assert (full.open_points, full.taken_by) == ((2,), build.OFFICER)
    assert story.now.timers["due"].due_at == at("2026-10-15 17:00")


@pytest.mark.rule("14.1")
def test_answers_name_an_open_point_and_are_not_blank() -> None:
    story = awaiting()
    unknown = build.supplement(answers=(build.answer(1), build.answer(3)))
    assert story.refuses(unknown, PORTAL).fields == ("/answers/1/point",)
    blank = build.supplement(answers=(build.answer(2, "\u00a0"),))
    assert story.refuses(blank, PORTAL).code == "rule.14.1.blank"


@pytest.mark.rule("14.1")
def test_what_was_reused_in_the_meantime_is_no_open_point() -> None:
    story = build.submitted(components=build.papers(count=1))
    asked = Gap(component=build.papers()[1].code, reason="Thiếu")
    story.accepts(build.supplement_request(gaps=(asked,)), COUNTER)
    story.dossier = replace(story.now, open_points=())  # as a reuse leaves it
    story.accepts(build.supplement(components=()), PORTAL)
    assert story.now.status == "submitted"


@pytest.mark.rule("14.1")
def test_a_profile_may_take_anything_that_comes_as_the_supplement_but_not_nothing() -> None:
    story = build.in_process()
    story.law = build.law_with(supplement={"answers": "any"})
    story.accepts(build.supplement_request("appraisal", gaps=BOTH), AGENCY)
    assert story.refuses(build.supplement(components=()), PORTAL).code == "rule.14.1"
    story.accepts(build.supplement(components=build.papers()[1:]), PORTAL)
    assert (story.now.status, len(story.now.components)) == ("in_process", 2)


@pytest.mark.rule("14.3")
def test_only_published_components_are_asked_for_and_brought() -> None:
    story = build.submitted()
    gaps = (Gap(reason="Ảnh mờ"), Gap(component="KQ.G99.999999", reason="Thiếu"))
    refused = story.refuses(build.supplement_request(gaps=gaps), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3", ("/gaps/1/component",))
    story.accepts(build.supplement_request(gaps=gaps[:1]), COUNTER)
    extra = (Component(code="KQ.G99.999999", originals=1),)
    assert story.refuses(build.supplement(components=extra), COUNTER).fields == ("/components/0/code",)


@pytest.mark.rule("15.1.b")
def test_form_02_gives_its_reasons_by_the_rule_of_intake() -> None:
    blank = (Gap(component=build.papers()[0].code, reason=" "),)
    refused = build.submitted().refuses(build.supplement_request(gaps=blank), COUNTER)
    assert refused == Refused("rule.15.1.b", "15.1.b", ("/gaps/0/reason",))


@pytest.mark.rule("17.4")
def test_form_02_gives_its_reasons_by_the_rule_of_appraisal() -> None:
    blank = (Gap(component=build.papers()[0].code, reason=" "),)
    refused = build.in_process().refuses(build.supplement_request(gaps=blank, stage="appraisal"), AGENCY)
    assert refused == Refused("rule.17.4.reason", "17.4", ("/gaps/0/reason",))


def test_a_supplement_that_nobody_asked_for_is_refused_with_the_state() -> None:
    refused = build.submitted().refuses(build.supplement(), COUNTER)
    assert (refused.code, refused.state) == ("state.conflict", "submitted")


@pytest.mark.rule("15.1.c")
def test_the_one_stop_declines_at_intake_and_only_it() -> None:
    story = build.submitted()
    assert story.refuses(build.refusal(), AGENCY).code == "security.foreign_organisation"
    assert story.refuses(build.refusal(), OTHER_COUNTER).code == "security.foreign_organisation"
    refused = story.refuses(build.refusal(explanation=" "), COUNTER)
    assert refused == Refused("rule.15.1.c", "15.1.c", ("/explanation",))
    (fact,) = story.accepts(build.refusal(reason="not_entitled"), COUNTER)
    assert isinstance(fact, DossierDeclined)
    assert (fact.mode, fact.form, fact.status) == ("refuse_intake", "03", None)
    assert (story.now.status, story.now.timers) == ("declined", {})


@pytest.mark.rule("15.1.c")
def test_eligibility_is_no_ground_of_intake_also_while_a_supplement_is_awaited() -> None:
    story = build.submitted()
    refused = story.refuses(build.refusal(reason="not_eligible"), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.15.1.c.ground", "15.1.c", ("/reason",))
    assert refused.possible == ("gaps_left", "not_entitled", "out_of_competence", "procedure_not_in_force")
    story.accepts(build.supplement_request(), COUNTER)
    assert story.refuses(build.refusal(reason="not_eligible"), COUNTER).code == "rule.15.1.c.ground"


@pytest.mark.rule("15.1.c")
def test_the_grounds_of_intake_stand_in_the_profile() -> None:
    story = build.submitted()
    story.law = build.law_with(intake={"decline_reasons": frozenset({"out_of_competence"})})
    refused = story.refuses(build.refusal(reason="not_entitled"), COUNTER)
    assert (refused.code, refused.possible) == ("rule.15.1.c.ground", ("out_of_competence",))


@pytest.mark.rule("15.1.c")
def test_a_blank_reason_at_intake_cites_the_rule_of_intake() -> None:
    refused = build.submitted().refuses(build.refusal(reason="not_entitled", explanation=" "), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("rule.15.1.c", "15.1.c", ("/explanation",))


@pytest.mark.rule("14.2")
def test_gaps_are_a_ground_of_intake_only_after_form_02() -> None:
    story = build.submitted()
    refused = story.refuses(build.refusal(reason="gaps_left"), COUNTER)
    assert (refused.code, refused.rule, refused.state) == ("rule.14.2.first", "14.2", "submitted")
    assert "onestop.dossier.request_supplement.v1" in refused.possible
    story.accepts(build.supplement_request(), COUNTER)
    story.accepts(build.refusal(reason="gaps_left"), COUNTER)


@pytest.mark.rule("14.2")
def test_where_the_regulation_knows_no_supplement_gaps_are_a_ground_at_once() -> None:
    story = build.submitted()
    story.law = build.law_with(supplement={"max_intake": 0})
    story.accepts(build.refusal(reason="gaps_left"), COUNTER)


@pytest.mark.rule("17.4")
def test_the_agency_asks_for_what_is_missing_before_it_refuses_for_it() -> None:
    story = build.in_process()
    refused = story.refuses(build.refusal(reason="gaps_left"), AGENCY)
    assert (refused.code, refused.rule) == ("rule.17.4.first", "17.4")
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    story.accepts(build.supplement(), PORTAL)
    story.accepts(build.refusal(reason="gaps_left"), AGENCY)


@pytest.mark.rule("15.2.a")
def test_declining_for_competence_names_the_competent_agency() -> None:
    story = build.submitted()
    refused = story.refuses(build.refusal(reason="out_of_competence"), COUNTER)
    assert (refused.code, refused.fields) == ("rule.15.2.a", ("/competent",))
    story.accepts(build.refusal(reason="out_of_competence", competent="H07.21"), COUNTER)


@pytest.mark.rule("17.8")
def test_the_agency_declines_with_a_reason_inside_the_time() -> None:
    story = build.in_process()
    assert (
        story.refuses(build.refusal(reason="not_entitled"), COUNTER).code == "security.foreign_organisation"
    )
    assert story.refuses(build.refusal(explanation=" "), AGENCY).code == "rule.17.8"
    (fact,) = story.accepts(build.refusal(), AGENCY, at("2026-10-08 17:00"))
    assert isinstance(fact, DossierDeclined)
    assert (fact.mode, fact.status) == ("refuse_resolution", 9)  # «mục trả kết quả»


@pytest.mark.rule("17.8")
def test_declining_after_the_due_time_is_recorded_as_late() -> None:
    facts = build.in_process().accepts(build.refusal(), AGENCY, at("2026-10-08 18:00"))
    assert facts[1] == RuleViolated(rule="17.8", late_s=3600)


@pytest.mark.rule("17.8")
def test_while_a_supplement_is_awaited_the_clock_stands_still() -> None:
    story = build.in_process()
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    facts = story.accepts(build.refusal(reason="gaps_left"), AGENCY, at("2026-12-01 09:00"))
    assert not [fact for fact in facts if isinstance(fact, RuleViolated)]


def test_the_applicant_takes_the_dossier_back_until_there_is_a_result() -> None:
    story = build.in_process()
    (fact,) = story.accepts(WithdrawDossier(), PORTAL)
    assert fact == DossierWithdrawn()
    assert (story.now.status, story.now.timers) == ("withdrawn", {})
    refused = build.issued().refuses(WithdrawDossier(), PORTAL)
    assert (refused.code, refused.state) == ("state.conflict", "result_issued")
    later = build.in_process()
    later.law = dataclasses.replace(
        later.law, profile=load_book("nd118-2025").in_force(date(2026, 1, 5)).profile
    )
    (named,) = later.accepts(WithdrawDossier(), PORTAL)
    assert named == DossierWithdrawn(form="05"), "the later set of forms has a notice of it"
