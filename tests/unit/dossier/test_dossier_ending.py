"""Originals and the archive: Art. 18.2, 18.5."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from schemas.archive import DossierArchived
from schemas.due import DeadlineMissed, RuleViolated
from schemas.original import OriginalTaken
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, ONE_STOP, OTHER_AGENCY, Story, at
from tests.support.ending import archiving, correction, giving_back, original
from tests.support.loss import loss, outcome, settlement

PAPER = build.papers()[0].code
FRIDAY = at("2026-10-09 17:00")


def taken(return_by: datetime | None = FRIDAY) -> Story:
    story = build.accepted()
    story.accepts(original(PAPER, return_by=return_by, sector_law="Luật Hộ tịch"), COUNTER)
    return story


@pytest.mark.rule("18.2")
def test_an_original_goes_from_hand_to_hand_and_comes_back_to_the_applicant() -> None:
    story = build.forwarded()
    (fact,) = story.accepts(original(PAPER), COUNTER)
    assert isinstance(fact, OriginalTaken)
    assert fact.original == "original-1"
    assert story.now.custody["original-1"] == ONE_STOP
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, "original-1"), COUNTER)
    assert story.refuses(giving_back("original-1"), COUNTER).code == "rule.18.2.original"  # under way
    story.accepts(build.paper_receipt(ONE_STOP, AGENCY_CODE, "original-1"), AGENCY)
    assert story.refuses(giving_back("original-1"), COUNTER).code == "rule.18.2.original"  # another has it
    story.accepts(giving_back("original-1"), AGENCY)
    assert story.now.custody["original-1"] == "applicant"
    assert not story.now.open_originals
    assert story.refuses(giving_back("original-1"), AGENCY).code == "rule.18.2.original"


@pytest.mark.rule("18.2")
def test_an_office_of_the_dossier_takes_for_itself_an_original_of_a_component() -> None:
    story = build.accepted()
    assert story.refuses(original(PAPER, AGENCY_CODE), COUNTER).code.startswith("security.")
    assert story.refuses(original("KQ.NOBODY"), COUNTER).code == "rule.18.2.component"
    assert story.refuses(original(PAPER, "H07.21"), OTHER_AGENCY).code.startswith("security.")


@pytest.mark.rule("18.2")
def test_the_time_of_the_return_is_that_of_a_law_that_is_named() -> None:
    story = build.accepted()
    refused = story.refuses(original(PAPER, return_by=FRIDAY), COUNTER)
    assert (refused.code, refused.fields) == ("rule.18.2.law", ("/sector_law",))
    refused = story.refuses(original(PAPER, return_by=FRIDAY, sector_law="Luật Hộ tịch"), COUNTER, FRIDAY)
    assert refused.fields == ("/return_by",)


@pytest.mark.rule("18.2")
def test_an_original_that_is_kept_too_long_is_told_with_its_holder_and_its_return_is_late() -> None:
    story = taken()
    (fact,) = story.accepts(build.firing(story.now, "original:original-1"), HUB, FRIDAY)
    assert fact == DeadlineMissed(
        timer="original:original-1", kind="original", due_at=FRIDAY, holder=ONE_STOP
    )
    facts = story.accepts(giving_back("original-1"), COUNTER, at("2026-10-09 17:00:20"))
    assert facts[1:] == (RuleViolated(rule="18.2", late_s=20),)
    in_time = taken()
    assert len(in_time.accepts(giving_back("original-1"), COUNTER, FRIDAY)) == 1
    assert "original:original-1" not in in_time.now.timers


@pytest.mark.rule("18.2")
def test_a_lost_original_is_settled_like_any_paper() -> None:
    story = taken(None)
    story.accepts(loss("original-1"), COUNTER)
    assert story.refuses(giving_back("original-1"), COUNTER).code == "rule.18.2.original"
    story.accepts(settlement(outcome("original-1", holder="applicant")), COUNTER)
    assert story.now.open_originals == set()


def returned() -> Story:
    story = build.issued()
    story.accepts(build.result_return(), COUNTER)
    return story


@pytest.mark.rule("18.5")
def test_a_returned_dossier_is_archived_once_by_its_agency() -> None:
    story = returned()
    assert build.issued().refuses(archiving(), AGENCY).code == "state.conflict"
    (fact,) = story.accepts(archiving(), AGENCY)
    assert isinstance(fact, DossierArchived)
    assert (fact.agency, fact.years) == (AGENCY_CODE, 20)
    assert story.refuses(archiving(), AGENCY).code == "rule.18.5.archived"


@pytest.mark.rule("18.5")
def test_a_dossier_with_something_open_is_not_archived() -> None:
    story = build.issued()
    story.accepts(build.result_return(), COUNTER)
    story.accepts(correction(story.now.result_papers), AGENCY)
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, PAPER), AGENCY)
    refused = story.refuses(archiving(), AGENCY)
    assert (refused.code, refused.possible) == ("rule.18.5.open", ("hand_overs", "results"))
    story.accepts(build.paper_receipt(AGENCY_CODE, ONE_STOP, PAPER), COUNTER)
    story.accepts(loss(PAPER), COUNTER)
    assert story.refuses(archiving(), AGENCY).possible == ("losses", "results")
    story.accepts(settlement(outcome(PAPER)), COUNTER)
    story.accepts(build.result_return(), COUNTER)
    story.accepts(archiving(), AGENCY)


def given_by_hand(story: Story) -> None:
    story.accepts(build.hand_over(ONE_STOP, "applicant", "original-1"), COUNTER)
    story.accepts(build.paper_receipt(ONE_STOP, "applicant", "original-1"), COUNTER)


def given_after_a_loss(story: Story) -> None:
    story.accepts(loss("original-1"), COUNTER)
    story.accepts(settlement(outcome("original-1", "found", "applicant")), COUNTER)


@pytest.mark.rule("18.2")
@pytest.mark.parametrize("given", [given_by_hand, given_after_a_loss])
def test_an_original_that_came_back_on_another_way_is_waited_for_no_more(
    given: Callable[[Story], None],
) -> None:
    story = taken()
    due = build.firing(story.now, "original:original-1")
    given(story)
    assert not any(timer.kind == "original" for timer in story.now.timers.values())
    assert story.refuses(due, HUB, at("2026-10-12 09:00")).code == "timer.stale"
