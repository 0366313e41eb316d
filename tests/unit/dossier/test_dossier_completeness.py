"""The whole dossier at acceptance: Art. 14.3."""

from __future__ import annotations

import pytest

from hub.dossier.decision import Refused
from schemas.dossier import DossierAccepted, DossierForwarded
from tests.support import dossiers as build
from tests.support import reuse
from tests.support.dossiers import COUNTER, PROCEDURE, Story
from tests.support.lawbooks import completed_law

FIRST, SECOND = (item.code for item in build.papers())
THIRD, FOURTH, *_ = build.absent(build.papers())
CASES = build.PROCEDURE_WITH_CASES


def under(*said: str, procedure: str = PROCEDURE) -> Story:
    """Identified, under a list to which the administrator has added these lines."""
    story = build.identified(procedure=procedure)
    story.law = completed_law("\n".join((f'[procedures."{procedure}".components]', *said)))
    return story


@pytest.mark.rule("14.3")
def test_one_of_several_papers_is_not_complete_until_an_officer_confirms_each_absent_one() -> None:
    story, absent = build.identified(), build.absent(build.papers())
    refused = story.refuses(build.acceptance(not_needed=()), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == (
        "rule.14.3.unconfirmed", "14.3", ("/not_needed",),
    )  # fmt: skip
    assert refused.possible == tuple(sorted(absent))
    assert story.refuses(build.acceptance(not_needed=absent[1:]), COUNTER).possible == absent[:1]
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert (fact.not_needed, fact.officer) == (absent, build.OFFICER)


@pytest.mark.rule("14.3")
def test_what_has_to_be_there_cannot_be_confirmed_away() -> None:
    story = under(f'"{THIRD}" = {{ need = "required" }}')
    refused = story.refuses(build.acceptance(), COUNTER)
    assert refused == Refused("rule.14.3.missing", "14.3", ("/components",), possible=(THIRD,))


@pytest.mark.rule("14.3")
def test_an_optional_paper_needs_no_word_and_takes_none() -> None:
    story = under(f'"{THIRD}" = {{ need = "optional" }}')
    index = build.absent(build.papers()).index(THIRD)
    refused = story.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3.not_needed", (f"/not_needed/{index}",))
    others = tuple(code for code in build.absent(build.papers()) if code != THIRD)
    story.accepts(build.acceptance(not_needed=others), COUNTER)


@pytest.mark.rule("14.3")
def test_of_papers_with_one_word_one_is_enough_and_none_is_not() -> None:
    others = tuple(code for code in build.absent(build.papers()) if code != THIRD)
    enough = under(f'"{FIRST}" = {{ one_of = "x" }}', f'"{THIRD}" = {{ one_of = "x" }}')
    enough.accepts(build.acceptance(not_needed=others), COUNTER)
    none = under(f'"{THIRD}" = {{ one_of = "x" }}', f'"{FOURTH}" = {{ one_of = "x" }}')
    refused = none.refuses(build.acceptance(), COUNTER)
    assert (refused.code, refused.possible) == ("rule.14.3.missing", tuple(sorted((THIRD, FOURTH))))


@pytest.mark.rule("14.3")
def test_a_paper_of_one_case_is_asked_for_in_that_case_alone() -> None:
    lodged = build.papers(CASES)
    paper, *rest = build.absent(lodged, CASES)
    story = under(f'"{paper}" = {{ need = "required", cases = ["1.000656.01"] }}', procedure=CASES)
    one, other = (
        build.acceptance(CASES, case=case, not_needed=tuple(rest)) for case in ("1.000656.01", "1.000656.02")
    )
    assert story.refuses(one, COUNTER).code == "rule.14.3.missing"
    story.accepts(other, COUNTER)


@pytest.mark.rule("14.3")
@pytest.mark.parametrize("code", ["X.Y.Z", FIRST])
def test_what_is_not_listed_or_is_there_is_not_confirmed(code: str) -> None:
    absent = build.absent(build.papers())
    refused = build.identified().refuses(build.acceptance(not_needed=(*absent, code)), COUNTER)
    assert (refused.code, refused.fields) == ("rule.14.3.not_needed", (f"/not_needed/{len(absent)}",))


@pytest.mark.rule("14.3")
def test_a_reused_component_counts_as_there_and_stays_in_the_dossier() -> None:
    story = reuse.beside(build.identified(components=build.papers(count=1)), reuse.other_dossier())
    story.accepts(reuse.reuse(SECOND, dossier=reuse.OTHER_CODE), COUNTER)
    story.law = completed_law(f'[procedures."{PROCEDURE}".components]\n"{SECOND}" = {{ need = "required" }}')
    absent = build.absent(build.papers())
    one = build.acceptance(components=build.papers(count=1), not_needed=absent)
    (fact,) = story.accepts(one, COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert [(item.code, item.electronic) for item in fact.components] == [(FIRST, False), (SECOND, True)]
    assert (story.now.reused, story.now.paper_codes) == ((SECOND,), (FIRST,))
    (forwarded,) = story.accepts(build.forwarding(), COUNTER)
    assert isinstance(forwarded, DossierForwarded)
    assert [item.code for item in forwarded.components] == [FIRST, SECOND]


@pytest.mark.rule("14.3")
def test_a_profile_may_leave_absent_papers_unsaid_but_not_required_ones() -> None:
    story = build.identified()
    story.law = build.law_with(intake={"missing_papers": "unsaid"})
    story.accepts(build.acceptance(not_needed=()), COUNTER)
