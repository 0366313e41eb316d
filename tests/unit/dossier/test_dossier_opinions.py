"""Opinions of other agencies, their limits, and what is late: Art. 17.5."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.dossier.decision import Sender
from hub.dossier.rules.copies import packages_of
from hub.dossier.standing import has_part, may_ask, possible_now
from hub.dossier.turn import open_requests
from hub.engine.decide.routing import receivers, unheard_agency
from hub.inbound.directory import Directory
from hub.regulation.sections import Handling
from schemas.due import DeadlineMissed, RuleViolated
from schemas.opinion import GiveOpinion, OpinionGiven, OpinionRequested
from schemas.party import Party, Proxy
from schemas.personal import personal_paths
from tests.support import dossiers as build
from tests.support.dossiers import (
    AGENCY,
    AGENCY_CODE,
    COUNTER,
    HUB,
    MONDAY,
    ONE_STOP,
    OTHER_AGENCY,
    Story,
    at,
)
from tests.unit.dossier.test_dossier_verifying import SCAN, TUESDAY, file_of

ASKED = "H07.21"
LIMIT = at("2026-10-08 17:00")
STRANGER = Sender("agency-xa", frozenset({"agency"}), frozenset({"H07.22"}))
EVERYBODY = Directory((COUNTER, AGENCY, OTHER_AGENCY, STRANGER, build.OTHER_COUNTER, build.PORTAL))


ON_PAPER = build.opinion(letter="12/CV ngày 06/10/2026", exception="Điều 9 Luật mẫu")
PACKAGE = "1" * 64


def asked() -> Story:
    """A case with ten more days, in which another agency was asked on Monday."""
    story = build.in_process()
    story.accepts(build.question(), AGENCY)
    return story


@pytest.mark.rule("17.5.a")
def test_an_opinion_is_asked_with_content_and_limit_and_its_clock_runs() -> None:
    story = build.in_process()
    (fact,) = story.accepts(build.question(), AGENCY)
    assert isinstance(fact, OpinionRequested)
    assert (fact.of, fact.by, fact.code, fact.answer_by) == (ASKED, AGENCY_CODE, build.CODE, LIMIT)
    timer = story.now.timers["opinion:YK-01"]
    assert (timer.kind, timer.due_at) == ("opinion", LIMIT)
    assert story.now.timers["due"].due_at == at("2026-10-08 17:00")  # runs on
    refused = story.refuses(build.question("YK-02", content=" "), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.5.a.blank", ("/content",))
    for limits in ({"working_days": None}, {"working_days": 3, "answer_by": LIMIT}):
        with pytest.raises(ValueError, match="field"):
            build.question("YK-02", **limits)


@pytest.mark.rule("17.5.a")
def test_working_days_of_an_opinion_leave_days_off_out() -> None:
    story = build.in_process()
    friday = at("2026-10-09 16:00")
    (fact,) = story.accepts(build.question(working_days=1), AGENCY, friday)
    assert isinstance(fact, OpinionRequested)
    assert fact.answer_by == at("2026-10-12 17:00")


@pytest.mark.rule("17.5.a")
def test_a_limit_may_be_a_moment_that_lies_ahead() -> None:
    story = build.in_process()
    refused = story.refuses(build.question(answer_by=MONDAY), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.5.a.past", ("/answer_by",))
    story.accepts(build.question(answer_by=MONDAY + timedelta(hours=3)), AGENCY)
    assert story.now.timers["opinion:YK-01"].due_at == MONDAY + timedelta(hours=3)


@pytest.mark.rule("17.5.a")
def test_the_agency_does_not_ask_itself_nor_twice_under_one_name() -> None:
    story = asked()
    refused = story.refuses(build.question("YK-02", AGENCY_CODE), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.5.a.self", ("/of",))
    assert story.refuses(build.question(), AGENCY).code == "state.opinion_known"
    assert story.accepts(build.question("YK-02", "H07.22"), AGENCY)


@pytest.mark.rule("17.5.a")
def test_a_one_stop_asks_only_by_assignment_or_delegation() -> None:
    story = build.in_process()
    for blank in (None, " "):
        refused = story.refuses(build.question(delegation=blank), COUNTER)
        assert (refused.code, refused.fields) == ("rule.17.5.a.delegation", ("/delegation",))
    (fact,) = story.accepts(build.question(delegation="05/QĐ-UBND ngày 02/01/2026"), COUNTER)
    assert isinstance(fact, OpinionRequested)
    assert fact.by == ONE_STOP
    assert story.refuses(build.question("YK-02"), OTHER_AGENCY).code == "security.foreign_organisation"


def test_an_agency_that_is_asked_gets_what_it_needs_and_nothing_personal_of_the_applicant() -> None:
    story = build.in_process()
    before = story.now
    (fact,) = story.accepts(build.question(), AGENCY)
    assert receivers(before, story.now, fact, EVERYBODY) == ("counter-mau", "agency-mau", "agency-khac")
    assert personal_paths(OpinionRequested) == ("/officer/account", "/officer/name", "/content")
    fields = {item.annotation for item in OpinionRequested.model_fields.values()}
    assert not fields & {Party, Proxy, Party | None, Proxy | None}
    assert not [value for value in build.PERSONAL_VALUES[:10] if value in fact.model_dump_json()]
    (given,) = story.accepts(build.opinion(), OTHER_AGENCY)
    assert receivers(story.now, story.now, given, EVERYBODY) == ("counter-mau", "agency-mau")
    (step,) = story.accepts(build.case_step(), AGENCY)
    assert "agency-khac" not in receivers(story.now, story.now, step, EVERYBODY)


def test_an_agency_that_is_asked_has_this_part_in_the_dossier_and_no_other() -> None:
    story = build.in_process()
    assert not has_part(story.now, OTHER_AGENCY)
    story.accepts(build.question(), AGENCY)
    assert has_part(story.now, OTHER_AGENCY)
    assert not has_part(story.now, STRANGER)
    for request in (build.case_step(), build.issue(), build.appraisal(), build.refusal()):
        assert story.refuses(request, OTHER_AGENCY).code == "security.foreign_organisation"


def test_an_agency_for_which_nobody_speaks_is_known_to_be_unheard() -> None:
    story = build.in_process()
    (fact,) = story.accepts(build.question(of="H07.29"), AGENCY)
    assert unheard_agency(fact, story.now, EVERYBODY) == "H07.29"
    assert (
        unheard_agency(fact, story.now, Directory((Sender("a", AGENCY.roles, frozenset({"H07.29"})),)))
        is None
    )


@pytest.mark.rule("17.5.b")
def test_the_agency_that_was_asked_answers_once() -> None:
    story = asked()
    assert "onestop.opinion.give.v1" in possible_now(story.now)
    assert [one.of for one in open_requests(story.now) if "YK-01" in one.what] == [ASKED]
    refused = story.refuses(build.opinion(text="\t"), OTHER_AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.5.b.blank", ("/text",))
    assert story.refuses(build.opinion(), STRANGER).code == "security.foreign_organisation"
    (fact,) = story.accepts(build.opinion(), OTHER_AGENCY, LIMIT)
    assert isinstance(fact, OpinionGiven)
    assert (fact.of, fact.answer) == (ASKED, "agrees")
    assert "opinion:YK-01" not in story.now.timers
    assert story.refuses(build.opinion(), OTHER_AGENCY).code == "state.opinion_given"
    assert "onestop.opinion.give.v1" not in possible_now(story.now)
    assert not [one for one in open_requests(story.now) if "YK-01" in one.what]
    assert story.refuses(build.opinion("YK-02"), AGENCY).code == "rule.17.5.b.unknown"


@pytest.mark.rule("17.5.b")
def test_an_answer_on_paper_is_entered_with_its_letter_by_who_asked() -> None:
    for sender in (AGENCY, COUNTER):
        story = asked()
        for blank in (None, " "):
            refused = story.refuses(build.opinion(letter=blank), sender)
            assert (refused.code, refused.fields) == ("rule.17.5.b.letter", ("/letter",))
        (fact,) = story.accepts(ON_PAPER, sender)
        assert isinstance(fact, OpinionGiven)
        assert (fact.of, fact.letter, fact.exception) == (ASKED, ON_PAPER.letter, ON_PAPER.exception)
    story = asked()
    story.accepts(build.question("YK-02", "H07.22"), AGENCY)
    of_another = build.opinion("YK-02", letter="12/CV ngày 06/10/2026")
    assert story.refuses(of_another, OTHER_AGENCY).code == "security.foreign_organisation"


@pytest.mark.rule("17.5.b")
def test_an_overdue_opinion_is_told_to_the_one_stop_the_asker_and_who_was_asked() -> None:
    story = asked()
    (missed,) = story.accepts(build.firing(story.now, "opinion:YK-01"), HUB, LIMIT)
    assert missed == DeadlineMissed(timer="opinion:YK-01", kind="opinion", due_at=LIMIT, holder=ASKED)
    assert receivers(story.now, story.now, missed, EVERYBODY) == ("counter-mau", "agency-mau", "agency-khac")
    facts = story.accepts(build.opinion(), OTHER_AGENCY, LIMIT + timedelta(hours=1))
    assert facts[1:] == (RuleViolated(rule="17.5.b", late_s=3600),)


@pytest.mark.rule("17.5.b")
def test_a_result_waits_for_opinions_and_silence_is_no_consent() -> None:
    story = asked()
    for moment in (MONDAY, LIMIT + timedelta(days=1)):
        assert story.refuses(build.issue(), AGENCY, moment).code == "rule.17.5.b.open"
    story.accepts(build.opinion(), OTHER_AGENCY)
    assert story.accepts(build.issue(), AGENCY)


@pytest.mark.rule("17.5.b")
def test_a_profile_may_let_a_result_go_on_without_a_late_opinion() -> None:
    story = asked()
    profile = replace(story.law.profile, handling=Handling(opinion_silence="proceed"))
    story.law = replace(story.law, profile=profile)
    assert story.refuses(build.issue(), AGENCY, LIMIT).code == "rule.17.5.b.open"
    facts = story.accepts(build.issue(), AGENCY, LIMIT + timedelta(seconds=1))
    missed = [fact for fact in facts if isinstance(fact, DeadlineMissed) and fact.kind == "opinion"]
    assert [one.holder for one in missed] == [ASKED]
    assert not story.now.asked_timers


def test_an_opinion_is_awaited_through_a_supplement_and_no_longer_when_the_dossier_ends() -> None:
    story = asked()
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    assert "opinion:YK-01" in story.now.timers
    assert story.accepts(build.opinion(), OTHER_AGENCY)
    ended = asked()
    ended.accepts(build.refusal(), AGENCY)
    assert not ended.now.asked_timers
    assert ended.refuses(build.opinion(), OTHER_AGENCY).code == "state.conflict"


@pytest.mark.rule("17.5.b")
def test_who_was_asked_may_give_an_opinion_and_who_was_not_may_not() -> None:
    story = asked()
    assert may_ask(story.now, GiveOpinion, OTHER_AGENCY)
    assert not may_ask(story.now, GiveOpinion, STRANGER)


@pytest.mark.rule("17.3.b")
def test_an_answer_on_paper_is_kept_as_a_digitised_file_of_who_enters_it() -> None:
    story = asked()
    letter = build.opinion(letter="12/CV ngày 06/10/2026")
    for exception in (None, " "):
        refused = story.refuses(letter.model_copy(update={"exception": exception}), AGENCY)
        assert (refused.code, refused.rule) == ("rule.17.3.b.answer", "17.3.b")
        assert refused.fields == ("/package", "/exception")
    filed = letter.model_copy(update={"package": PACKAGE})
    assert packages_of(filed) == (PACKAGE,)
    for outcome in (file_of("YK-02"), file_of("YK-01", "H07.21"), file_of("YK-01", purpose="result")):
        story.copies = {PACKAGE: outcome}
        assert story.refuses(filed, AGENCY, TUESDAY).code == "rule.17.3.b.other_file"
    story.copies = {PACKAGE: file_of("YK-01")}
    (fact,) = story.accepts(filed, AGENCY, TUESDAY)
    assert isinstance(fact, OpinionGiven)
    assert [file.digest for file in fact.files] == [SCAN]
    unfiled = asked()
    unfiled.law = build.law_with(handling={"paper_answers": "letter"})
    unfiled.accepts(letter, AGENCY)
