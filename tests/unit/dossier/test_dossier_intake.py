"""Acceptance: Art. 14.3, 15."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from hub.dossier.decide import decide
from hub.dossier.decision import Context
from hub.dossier.errors import ContextError
from hub.dossier.texts import refusal_texts
from hub.regulation.law import Law
from schemas.dossier import DossierAccepted, DossierForwarded, IdentityKnown
from schemas.due import RuleViolated
from schemas.identity import IdentityChecked
from schemas.party import Party, Proxy
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, OTHER_COUNTER, POPULATION, PORTAL, Story, at, law
from tests.support.lawbooks import completed_law


def answered(outcome: str) -> Story:
    story = build.submitted()
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    story.accepts(build.identity_answer(check, outcome), POPULATION)
    return story


@pytest.mark.rule("15.1.a")
def test_acceptance_gives_code_handling_time_and_due_time() -> None:
    story = build.identified()
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert (fact.code, fact.handling, fact.form) == (build.CODE, "3 WORKING_DAY", "01")
    assert fact.accepted_at == MONDAY
    assert fact.due_at == at("2026-10-08 17:00")  # Monday + 3 working days, at closing
    assert story.now.status == "accepted"
    assert story.now.code == build.CODE
    assert story.now.timers["due"].due_at == at("2026-10-08 17:00")
    assert story.now.timers["apology"].due_at == at("2026-10-07 07:00")


@pytest.mark.rule("15.6.a")
def test_a_matched_identity_is_accepted() -> None:
    answered("matched").accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("15.6.b2")
def test_a_mismatched_identity_is_refused_as_a_mismatch() -> None:
    refused = answered("mismatched").refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.rule) == ("rule.15.6.b2.identity", "15.6.b2")


@pytest.mark.rule("15.6.a")
def test_could_not_ask_is_never_shown_as_a_mismatch() -> None:
    refused = answered("unavailable").refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.rule) == ("identity.unavailable", "15.6.a")


@pytest.mark.rule("15.6.a")
@pytest.mark.parametrize(
    ("cause", "code", "next_step"),
    [
        (None, "identity.unavailable", "when the connection works"),
        ("away", "identity.unavailable", "when the connection works"),
        ("not_licensed", "identity.not_licensed", "register the right"),
        ("officer", "identity.officer_unknown", "with an account that has the right"),
        ("question", "identity.not_askable", "with the identity paper"),
    ],
)
def test_each_cause_of_could_not_ask_has_a_text_and_a_next_step_of_its_own(
    cause: str | None, code: str, next_step: str
) -> None:
    story = build.submitted()
    story.accepts(build.verification(), COUNTER)
    assert story.now.owner.check is not None
    report = build.identity_answer(story.now.owner.check, "unavailable", cause=cause)
    story.accepts(report, POPULATION)
    refused = story.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.rule) == (code, "15.6.a")
    assert next_step in refusal_texts(code).advice_en


@pytest.mark.rule("15.6.a")
def test_a_pending_check_is_refused_as_pending_and_a_missing_one_as_missing() -> None:
    story = build.submitted()
    assert story.refuses(build.acceptance(), COUNTER).code == "identity.not_checked"
    story.accepts(build.verification(), COUNTER)
    assert story.refuses(build.acceptance(), COUNTER).code == "identity.pending"


@pytest.mark.rule("15.6.a")
@pytest.mark.parametrize("applicant", [build.FOREIGNER, build.ENTERPRISE], ids=["foreigner", "enterprise"])
def test_who_is_not_in_the_population_database_is_checked_by_hand_on_record(applicant: Party) -> None:
    story = build.submitted(applicant=applicant)
    refused = story.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.rule) == ("identity.paper_unchecked", "15.6.a")
    wrong = story.refuses(build.hand_check(number="0100109106"), COUNTER)
    assert (wrong.code, wrong.fields) == ("identity.paper_differs", ("/number",))
    number = applicant.tax_code or applicant.travel_document
    (checked,) = story.accepts(build.hand_check(number=number or "", paper="other"), COUNTER)
    assert isinstance(checked, IdentityChecked)
    assert (checked.officer, checked.number, checked.checked_at) == (build.OFFICER, number, MONDAY)
    again = story.refuses(build.hand_check(number=number or ""), COUNTER)
    assert again.code == "state.paper_checked"
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.identity == IdentityKnown(outcome="none", paper_checked=True)


@pytest.mark.rule("15.6.a")
def test_a_profile_may_take_the_check_by_hand_for_done() -> None:
    story = build.submitted(applicant=build.ENTERPRISE)
    story.law = build.law_with(intake={"hand_check": "assumed"})
    story.accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("15.6.a")
def test_there_is_no_proxys_paper_without_a_proxy_and_the_proxy_is_checked_by_its_own_number() -> None:
    assert build.submitted().refuses(build.hand_check("proxy"), COUNTER).code == "identity.no_proxy"
    proxy = Proxy(name="Công ty TNHH Làm Thay Mẫu", basis="hired", deed="HĐ-1", tax_code="0100233488-001")
    story = build.submitted(proxy=proxy)
    assert story.refuses(build.hand_check("proxy"), COUNTER).code == "identity.paper_differs"
    story.accepts(build.hand_check("proxy", number="0100233488001", paper="registration"), COUNTER)
    assert story.now.papers_checked == ("proxy",)


@pytest.mark.rule("15.6.b2")
def test_a_mismatch_is_taken_on_paper_once_an_officer_has_seen_it() -> None:
    story = answered("mismatched")
    assert story.refuses(build.acceptance(), COUNTER).code == "rule.15.6.b2.identity"
    story.accepts(build.hand_check(), COUNTER)
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.identity == IdentityKnown(outcome="mismatched", paper_checked=True)
    (forwarded,) = story.accepts(build.forwarding(), COUNTER)
    assert isinstance(forwarded, DossierForwarded)
    assert forwarded.identity == fact.identity


@pytest.mark.rule("15.6.a")
@pytest.mark.parametrize("outcome", ["unavailable", "requested"])
def test_an_outage_of_the_database_does_not_stop_intake_and_the_check_goes_on(outcome: str) -> None:
    story = answered("unavailable")
    if outcome == "requested":
        story.accepts(build.verification(), COUNTER)
    story.accepts(build.hand_check(), COUNTER)
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.identity == IdentityKnown.model_validate({"outcome": outcome, "paper_checked": True})
    story.accepts(build.forwarding(), COUNTER)
    story.accepts(build.verification(), COUNTER)
    assert story.now.owner.check is not None
    story.accepts(build.identity_answer(story.now.owner.check, "mismatched"), POPULATION)
    assert (story.now.status, story.now.owner.outcome) == ("forwarded", "mismatched")


@pytest.mark.rule("15.6.a")
def test_the_paper_of_a_citizen_does_not_spare_the_question() -> None:
    story = build.submitted()
    story.accepts(build.hand_check(), COUNTER)
    assert story.refuses(build.acceptance(), COUNTER).code == "identity.not_checked"


@pytest.mark.rule("15.6.a")
def test_a_profile_may_wait_for_the_database_whatever_the_paper_says() -> None:
    away, other = answered("unavailable"), answered("mismatched")
    for story in (away, other):
        story.law = build.law_with(intake={"unasked_identity": "wait", "mismatch_identity": "refuse"})
        story.accepts(build.hand_check(), COUNTER)
    assert away.refuses(build.acceptance(), COUNTER).code == "identity.unavailable"
    assert other.refuses(build.acceptance(), COUNTER).code == "rule.15.6.b2.identity"


@pytest.mark.rule("15.6.b2")
def test_a_proxy_that_the_database_does_not_know_stops_the_acceptance() -> None:
    story = build.identified(proxy=build.PROXY)
    story.accepts(build.verification("proxy"), COUNTER)
    check = story.now.proxy.check
    assert check is not None
    story.accepts(build.identity_answer(check, "mismatched"), POPULATION)
    assert story.refuses(build.acceptance(), COUNTER).code == "rule.15.6.b2.identity"


@pytest.mark.rule("3.8")
def test_a_procedure_that_ended_meanwhile_is_not_accepted() -> None:
    story = build.identified()
    story.law = Law(
        law().profile,
        law().calendar,
        law().catalogue.repealing("next", build.PROCEDURE, date(2026, 10, 5)),
    )
    assert story.refuses(build.acceptance(), COUNTER).code == "rule.3.8"


@pytest.mark.rule("14.3")
def test_acceptance_of_nothing_is_refused_when_the_list_has_components() -> None:
    refused = build.identified().refuses(build.acceptance(components=()), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3", ("/components",))


@pytest.mark.rule("14.3")
def test_a_component_named_twice_is_refused() -> None:
    (paper,) = build.papers(count=1)
    refused = build.identified().refuses(build.acceptance(components=(paper, paper)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3", ("/components/1/code",))


@pytest.mark.rule("14.3")
def test_a_procedure_without_components_is_accepted_without_any() -> None:
    story = build.identified(procedure="1.115550", components=())
    story.accepts(build.acceptance("1.115550", components=(), case="in_person.1"), COUNTER)


@pytest.mark.rule("15.1.a")
def test_several_published_times_need_a_case_and_name_the_choices() -> None:
    story = build.identified(procedure=build.PROCEDURE_WITH_CASES)
    refused = story.refuses(build.acceptance(build.PROCEDURE_WITH_CASES), COUNTER)
    assert (refused.code, refused.fields) == ("handling_time.ambiguous", ("/case",))
    assert refused.possible == ("1.000656.01", "1.000656.03", "1.000656.02")
    wrong = story.refuses(build.acceptance(build.PROCEDURE_WITH_CASES, case="1.000656.99"), COUNTER)
    assert wrong.code == "handling_time.ambiguous"
    (fact,) = story.accepts(build.acceptance(build.PROCEDURE_WITH_CASES, case="1.000656.01"), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.handling == "5 WORKING_DAY"


@pytest.mark.rule("15.1.a")
def test_a_procedure_without_any_usable_time_cannot_be_accepted() -> None:
    papers = build.papers("1.115730")
    story = build.identified(procedure="1.115730", components=papers)
    refused = story.refuses(build.acceptance(components=papers), COUNTER)
    assert (refused.code, refused.possible) == ("handling_time.unpublished", ())


IMMEDIATE = """
[procedures."1.000656"]
immediate = ["1.000656.01"]
"""


@pytest.mark.rule("15.4")
def test_form_01_is_left_out_only_where_the_result_is_given_at_once() -> None:
    """In the day is not at once, and neither is another case of the same procedure."""
    assert build.identified().refuses(build.acceptance(form_01=False), COUNTER).code == "rule.15.4"
    story = build.identified(procedure=build.PROCEDURE_OF_THE_DAY)
    in_the_day = build.acceptance(build.PROCEDURE_OF_THE_DAY, form_01=False)
    assert story.refuses(in_the_day, COUNTER).code == "rule.15.4"

    story = build.identified(procedure=build.PROCEDURE_WITH_CASES)
    story.law = completed_law(IMMEDIATE)
    for case in (None, "1.000656.02"):
        later = build.acceptance(build.PROCEDURE_WITH_CASES, form_01=False, case=case)
        assert story.refuses(later, COUNTER).code == "rule.15.4"
    now = build.acceptance(build.PROCEDURE_WITH_CASES, form_01=False, case="1.000656.01")
    (fact,) = story.accepts(now, COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.form is None


@pytest.mark.rule("15.4")
def test_the_only_time_of_a_procedure_may_be_immediate_without_a_case() -> None:
    story = build.identified()
    story.law = completed_law(f'[procedures."{build.PROCEDURE}"]\nimmediate = ["1.004873.01"]')
    (fact,) = story.accepts(build.acceptance(form_01=False), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.form is None


@pytest.mark.rule("15.1.a")
@pytest.mark.parametrize(
    ("accepted_at", "due_at"),
    [("2026-10-05 15:00", "2026-10-05 17:00"), ("2026-10-05 15:01", "2026-10-06 17:00")],
)
def test_a_procedure_of_the_day_is_due_the_same_day_until_15_00(accepted_at: str, due_at: str) -> None:
    story = build.accepted(at(accepted_at), procedure=build.PROCEDURE_OF_THE_DAY)
    assert story.now.due_at == at(due_at)


@pytest.mark.rule("15.2")
def test_an_acceptance_after_8_working_hours_is_recorded_as_late() -> None:
    story = build.identified(MONDAY, channel="online")
    facts = story.accepts(build.acceptance(), COUNTER, at("2026-10-06 09:00:30"))
    assert facts[1] == RuleViolated(rule="15.2", late_s=30)
    assert "intake" not in story.now.timers


@pytest.mark.rule("15.2")
def test_a_profile_may_refuse_late_acts() -> None:
    story = build.identified(MONDAY, channel="online")
    story.law = build.law_with(due={"late_acts": "refuse"})
    refused = story.refuses(build.acceptance(), COUNTER, at("2026-10-06 09:00:30"))
    assert (refused.code, refused.rule) == ("late.act", "15.2")
    story.accepts(build.acceptance(), COUNTER, at("2026-10-06 09:00:00"))


def test_only_the_dossiers_one_stop_accepts() -> None:
    refused = build.identified().refuses(build.acceptance(), OTHER_COUNTER)
    assert refused.code == "security.foreign_organisation"
    assert refused.possible == ()


@pytest.mark.rule("15.3")
def test_a_dossier_is_accepted_once() -> None:
    refused = build.accepted().refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.state) == ("state.conflict", "accepted")
    assert "onestop.dossier.forward.v1" in refused.possible
    assert "onestop.dossier.accept.v1" not in refused.possible


@pytest.mark.rule("15.3")
def test_an_acceptance_without_a_code_is_a_bug_of_the_engine() -> None:
    story = build.identified()
    context: Context = replace(story.context(COUNTER, MONDAY), next_code=None)
    with pytest.raises(ContextError):
        decide(story.dossier, build.acceptance(), context)


def test_a_portal_dossier_is_accepted_by_its_one_stop() -> None:
    story = build.seen(build.submitted(sender=PORTAL, channel="online", applicant=build.ENTERPRISE))
    story.accepts(build.acceptance(), COUNTER)
