"""Custody of papers: Art. 12.2."""

from __future__ import annotations

import pytest

from hub.dossier.decision import Sender
from schemas.dossier import DossierAccepted, Gap
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, ONE_STOP, OTHER_AGENCY, PORTAL, POSTAL

PAPER, OTHER_PAPER = (item.code for item in build.papers())


@pytest.mark.rule("12.2")
def test_a_paper_goes_from_hand_to_hand() -> None:
    story = build.accepted()
    assert story.now.custody == {PAPER: ONE_STOP, OTHER_PAPER: ONE_STOP}
    story.accepts(build.hand_over(ONE_STOP, "post", PAPER), COUNTER)
    assert story.now.custody[PAPER] == ONE_STOP  # the giver answers until the receiver confirms
    story.accepts(build.paper_receipt(ONE_STOP, "post", PAPER), POSTAL)
    story.accepts(build.hand_over("post", AGENCY_CODE, PAPER), POSTAL)
    story.accepts(build.paper_receipt("post", AGENCY_CODE, PAPER), AGENCY)
    assert story.now.custody == {PAPER: AGENCY_CODE, OTHER_PAPER: ONE_STOP}
    assert story.now.hand_overs == ()


@pytest.mark.rule("12.2")
def test_who_does_not_hold_a_paper_cannot_give_it() -> None:
    refused = build.accepted().refuses(build.hand_over(AGENCY_CODE, "post", PAPER, OTHER_PAPER), AGENCY)
    assert (refused.code, refused.fields) == ("rule.12.2", ("/papers/0", "/papers/1"))


@pytest.mark.rule("12.2")
def test_an_unknown_paper_cannot_be_given() -> None:
    refused = build.accepted().refuses(build.hand_over(ONE_STOP, "post", PAPER, "KQ.X"), COUNTER)
    assert refused.fields == ("/papers/1",)


@pytest.mark.rule("12.2")
def test_a_paper_under_way_cannot_be_given_again() -> None:
    story = build.accepted()
    story.accepts(build.hand_over(ONE_STOP, "post", PAPER), COUNTER)
    refused = story.refuses(build.hand_over(ONE_STOP, AGENCY_CODE, OTHER_PAPER, PAPER), COUNTER)
    assert (refused.code, refused.fields) == ("custody.under_way", ("/papers/1",))


@pytest.mark.rule("12.2")
def test_nobody_hands_over_to_themselves() -> None:
    refused = build.accepted().refuses(build.hand_over(ONE_STOP, ONE_STOP, PAPER), COUNTER)
    assert refused.code == "custody.same_holder"


@pytest.mark.rule("12.2")
def test_a_receipt_needs_a_matching_open_hand_over() -> None:
    story = build.accepted()
    assert story.refuses(build.paper_receipt(ONE_STOP, "post", PAPER), POSTAL).code == "custody.no_hand_over"
    story.accepts(build.hand_over(ONE_STOP, "post", PAPER, OTHER_PAPER), COUNTER)
    assert story.refuses(build.paper_receipt(ONE_STOP, "post", PAPER), POSTAL).code == "custody.no_hand_over"
    story.accepts(build.paper_receipt(ONE_STOP, "post", OTHER_PAPER, PAPER), POSTAL)
    assert story.refuses(build.paper_receipt(ONE_STOP, "post", PAPER), POSTAL).code == "custody.no_hand_over"


@pytest.mark.rule("12.2")
def test_each_side_speaks_for_itself() -> None:
    story = build.accepted()
    assert story.refuses(build.hand_over(ONE_STOP, "post", PAPER), POSTAL).code.startswith("security.")
    story.accepts(build.hand_over(ONE_STOP, AGENCY_CODE, PAPER), COUNTER)
    assert story.refuses(build.paper_receipt(ONE_STOP, AGENCY_CODE, PAPER), COUNTER).code.startswith(
        "security."
    )
    assert story.refuses(build.paper_receipt(ONE_STOP, AGENCY_CODE, PAPER), OTHER_AGENCY).code.startswith(
        "security."
    )


@pytest.mark.rule("12.2")
def test_for_the_applicant_the_other_side_records_both_hand_over_and_receipt() -> None:
    story = build.submitted(channel="post")
    assert story.now.custody[PAPER] == "applicant"
    story.accepts(build.hand_over("applicant", "post", PAPER), POSTAL)
    story.accepts(build.paper_receipt("applicant", "post", PAPER), POSTAL)
    assert story.now.custody[PAPER] == "post"
    declined = build.submitted()
    declined.accepts(build.refusal(reason="not_entitled"), COUNTER)
    declined.accepts(build.hand_over(ONE_STOP, "applicant", PAPER, OTHER_PAPER), COUNTER)
    declined.accepts(build.paper_receipt(ONE_STOP, "applicant", PAPER, OTHER_PAPER), COUNTER)
    assert set(declined.now.custody.values()) == {"applicant"}


@pytest.mark.rule("12.2")
def test_acceptance_moves_no_paper_that_came_by_post() -> None:
    story = build.seen(build.submitted(channel="post", applicant=build.ENTERPRISE))
    story.accepts(build.hand_over("applicant", "post", PAPER), POSTAL)
    under_way = story.now.hand_overs
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.handed_in == ()
    assert story.now.custody == {PAPER: "applicant", OTHER_PAPER: "applicant"}
    assert story.now.hand_overs == under_way
    story.accepts(build.paper_receipt("applicant", "post", PAPER), POSTAL)
    story.accepts(build.hand_over("post", ONE_STOP, PAPER), POSTAL)
    story.accepts(build.paper_receipt("post", ONE_STOP, PAPER), COUNTER)
    assert story.now.custody == {PAPER: ONE_STOP, OTHER_PAPER: "applicant"}


@pytest.mark.rule("12.2")
def test_what_is_lodged_in_person_changes_hands_at_the_counter() -> None:
    story = build.identified(components=build.papers(count=1))
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert fact.handed_in == (OTHER_PAPER,)
    assert story.now.custody == {PAPER: ONE_STOP, OTHER_PAPER: ONE_STOP}


@pytest.mark.rule("12.2")
def test_the_papers_of_the_result_begin_at_the_agency() -> None:
    story = build.issued()
    story.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, build.RESULT_CODE), AGENCY)
    story.accepts(build.paper_receipt(AGENCY_CODE, ONE_STOP, build.RESULT_CODE), COUNTER)
    assert story.now.custody[build.RESULT_CODE] == ONE_STOP


@pytest.mark.rule("12.2")
def test_papers_that_a_supplement_brings_are_with_the_one_stop_and_others_stay_where_they_are() -> None:
    story = build.submitted(components=build.papers(count=1), channel="post")
    both = tuple(Gap(component=code, reason="Thiếu") for code in (PAPER, OTHER_PAPER))
    story.accepts(build.supplement_request(gaps=both), COUNTER)
    story.accepts(build.supplement(components=build.papers()[1:]), COUNTER)
    assert story.now.custody == {PAPER: "applicant", OTHER_PAPER: ONE_STOP}
    story.accepts(build.supplement(components=build.papers()[:1]), PORTAL)
    assert story.now.custody == {PAPER: "applicant", OTHER_PAPER: ONE_STOP}


def test_electronic_components_are_in_nobodys_custody() -> None:
    electronic = tuple(item.model_copy(update={"electronic": True}) for item in build.papers())
    assert build.submitted(components=electronic).now.custody == {}


@pytest.mark.rule("12.2")
def test_a_post_of_other_organisations_neither_takes_nor_gives_the_papers_of_this_one() -> None:
    elsewhere = Sender("post-khac", frozenset({"postal"}), frozenset({AGENCY_CODE}))
    own = Sender("post-mau", frozenset({"postal"}), frozenset({ONE_STOP}))
    story = build.accepted()
    story.accepts(build.hand_over(ONE_STOP, "post", PAPER), COUNTER)
    taking = build.paper_receipt(ONE_STOP, "post", PAPER)
    assert story.refuses(taking, elsewhere).code == "security.foreign_organisation"
    story.accepts(taking, own)
    giving = build.hand_over("post", ONE_STOP, PAPER)
    assert story.refuses(giving, elsewhere).code == "security.foreign_organisation"
    story.accepts(giving, own)
