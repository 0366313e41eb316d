"""A wrong result: Art. 21.1, 17.10, 18.1."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.loss import CostItem
from schemas.result import CorrectedPaper, CorrectResult, ResultCorrected, ResultPaper
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, MONDAY, ONE_STOP, Story, at
from tests.support.loss import loss

RESULT = build.RESULT_CODE
TUESDAY = at("2026-10-06 09:00")


def wrong(kind: str = "rectified", **changes: Any) -> CorrectedPaper:
    values: dict[str, Any] = {"code": RESULT, "number": "01/2026", "kind": kind}
    new = None if kind == "annulled" else ResultPaper(code=RESULT, number="02/2026")
    return CorrectedPaper(**{**values, "new": new, **changes})


def correction(*papers: CorrectedPaper, **changes: Any) -> CorrectResult:
    values: dict[str, Any] = {
        "papers": papers or (wrong(),),
        "fault": "agency",
        "reason": "Ghi sai ngày cấp",
        "signer": build.OFFICER,
    }
    return CorrectResult(**{**values, **changes})


def returned() -> Story:
    story = build.issued()
    story.accepts(build.result_return(), COUNTER)
    return story


@pytest.mark.rule("21.1")
def test_a_wrong_paper_is_replaced_and_the_new_one_begins_at_the_agency() -> None:
    story = returned()
    (fact,) = story.accepts(correction(costs=(CostItem(what="In lại", amount=12_000),)), AGENCY, TUESDAY)
    assert isinstance(fact, ResultCorrected)
    assert (fact.agency, fact.costs_total) == (AGENCY_CODE, 12_000)
    assert story.now.custody[RESULT] == AGENCY_CODE
    assert story.now.corrections == {RESULT: TUESDAY}


@pytest.mark.rule("18.1")
def test_what_was_corrected_after_the_return_is_returned_once_more() -> None:
    story = returned()
    assert story.refuses(build.result_return(), COUNTER).code == "state.conflict"
    story.accepts(correction(), AGENCY)
    assert story.refuses(build.result_return(codes=("KQ.X",)), COUNTER).code == "rule.18.1"
    story.accepts(build.result_return(), COUNTER)
    assert story.now.custody[RESULT] == "applicant"
    assert story.refuses(build.result_return(), COUNTER).code == "state.conflict"


@pytest.mark.rule("21.1")
def test_before_the_return_the_new_paper_takes_the_place_of_the_wrong_one() -> None:
    story = build.issued()
    story.accepts(correction(), AGENCY)
    assert story.now.to_return_again == ()
    story.accepts(build.result_return(), COUNTER)


@pytest.mark.rule("21.1")
@pytest.mark.parametrize(
    ("papers", "code", "fields"),
    [
        (
            (wrong(code="KQ.X", new=ResultPaper(code="KQ.X", number="2")),),
            "rule.21.1.paper",
            "/papers/0/code",
        ),
        ((wrong(), wrong()), "rule.21.1.paper", "/papers/1/code"),
        ((wrong(new=None),), "rule.21.1.new", "/papers/0/new"),
        ((wrong(new=ResultPaper(code="KQ.X", number="2")),), "rule.21.1.new", "/papers/0/new"),
        ((wrong("annulled", new=ResultPaper(code=RESULT, number="2")),), "rule.21.1.new", "/papers/0/new"),
    ],
    ids=["no result", "twice", "no new one", "another paper", "annulled and new"],
)
def test_a_correction_names_the_paper_and_brings_the_new_one(
    papers: tuple[CorrectedPaper, ...], code: str, fields: str
) -> None:
    refused = returned().refuses(correction(*papers), AGENCY)
    assert (refused.code, refused.fields) == (code, (fields,))


@pytest.mark.rule("21.1")
def test_an_annulment_takes_the_paper_away_but_not_the_whole_result_before_its_return() -> None:
    refused = build.issued().refuses(correction(wrong("annulled")), AGENCY)
    assert (refused.code, refused.fields) == ("rule.21.1.new", ("/papers",))
    story = returned()
    story.accepts(correction(wrong("annulled")), AGENCY)
    assert (story.now.result_papers, story.now.to_return_again) == ((), ())


@pytest.mark.rule("21.1")
def test_a_paper_that_is_under_way_or_lost_is_not_corrected() -> None:
    under_way = build.issued()
    under_way.accepts(build.hand_over(AGENCY_CODE, ONE_STOP, RESULT), AGENCY)
    assert under_way.refuses(correction(), AGENCY).code == "rule.21.1.paper"
    lost = build.issued()
    lost.accepts(loss(RESULT), COUNTER)
    assert lost.refuses(correction(), AGENCY).code == "rule.21.1.paper"


@pytest.mark.rule("21.1")
def test_the_agency_says_what_was_wrong_and_bears_the_costs_of_its_own_fault() -> None:
    assert returned().refuses(correction(reason=" "), AGENCY).code == "rule.21.1.reason"
    paid = CostItem(what="Lệ phí cấp lại", amount=8000, paid_by="applicant")
    refused = returned().refuses(correction(costs=(paid,)), AGENCY)
    assert (refused.code, refused.fields) == ("rule.21.1.costs", ("/costs/0/refunded",))
    returned().accepts(correction(costs=(paid.model_copy(update={"refunded": True}),)), AGENCY)
    returned().accepts(correction(costs=(paid,), fault="applicant"), AGENCY)


@pytest.mark.rule("21.1")
def test_only_the_agency_corrects_and_only_a_result() -> None:
    assert build.in_process().refuses(correction(), AGENCY).code == "state.conflict"


@pytest.mark.rule("17.10")
def test_a_new_paper_is_on_paper_too() -> None:
    electronic = wrong(new=ResultPaper(code=RESULT, number="2", mode="electronic"))
    refused = returned().refuses(correction(electronic), AGENCY)
    assert (refused.code, refused.fields) == ("rule.17.10.mode", ("/papers/0/new/mode",))
    asked = build.issued(result_form="electronic")
    asked.law = build.law_with(returning={"result_signature": "named"})
    asked.accepts(correction(electronic), AGENCY, MONDAY)
