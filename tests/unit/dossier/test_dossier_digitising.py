"""What has to be digitised: Art. 15.6.c."""

from __future__ import annotations

from typing import Any

import pytest

from hub.dossier.rules.digitising import required
from schemas.dossier import DossierAccepted
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, MONDAY, Story
from tests.support.lawbooks import completed_law

LISTED, OTHER = (item.code for item in build.papers())


ELECTRONIC = tuple(item.model_copy(update={"electronic": True}) for item in build.papers())


def listed(digitise: str = "true", **changes: Any) -> Story:
    """A dossier under a list that says it of the first paper."""
    story = build.identified(**changes)
    text = f'[procedures."{build.PROCEDURE}".components]\n"{LISTED}" = {{ digitise = {digitise} }}'
    story.law = completed_law(text)
    return story


def due(story: Story) -> tuple[str, ...]:
    return required(story.now, story.context(COUNTER, MONDAY))


@pytest.mark.rule("15.6.c1")
def test_what_the_list_has_digitised_is_due_whatever_the_sender_says() -> None:
    story = listed()
    (fact,) = story.accepts(build.acceptance(), COUNTER)
    assert isinstance(fact, DossierAccepted)
    assert [item.digitised for item in fact.components] == [True, False]
    assert due(story) == (LISTED,)
    assert story.refuses(build.forwarding(), COUNTER).code == "rule.15.6.c2"


@pytest.mark.rule("15.6.c1")
def test_a_mark_of_the_submission_is_not_taken_back_by_leaving_it_out_at_acceptance() -> None:
    marked = build.papers()[1].model_copy(update={"digitised": True})
    story = build.identified(components=(build.papers()[0], marked))
    story.accepts(build.acceptance(), COUNTER)
    assert due(story) == (OTHER,)
    assert story.refuses(build.forwarding(), COUNTER).code == "rule.15.6.c2"


@pytest.mark.rule("15.6.c1")
def test_what_the_list_leaves_out_is_not_due_and_what_came_electronically_neither() -> None:
    marked = tuple(item.model_copy(update={"digitised": True}) for item in build.papers())
    story = listed("false")
    story.accepts(build.acceptance(components=marked), COUNTER)
    assert due(story) == (OTHER,)
    story = listed(components=ELECTRONIC)
    story.accepts(build.acceptance(components=ELECTRONIC), COUNTER)
    assert due(story) == ()
    story.accepts(build.forwarding(), COUNTER)


@pytest.mark.rule("15.6.c1")
def test_what_was_lodged_on_paper_is_not_taken_as_electronic_nor_as_no_sheet_of_it() -> None:
    story = listed()
    for wrong, field in (({"electronic": True}, "electronic"), ({"originals": 0, "copies": 0}, "originals")):
        papers = (build.papers()[0].model_copy(update=wrong), build.papers()[1])
        refused = story.refuses(build.acceptance(components=papers), COUNTER)
        assert (refused.code, refused.fields) == ("rule.15.6.c1.paper", (f"/components/0/{field}",))
    story.accepts(build.acceptance(), COUNTER)
    assert due(story) == (LISTED,)


@pytest.mark.rule("15.6.c1")
def test_where_everything_is_scanned_the_list_takes_nothing_out() -> None:
    story = listed("false")
    story.law = build.law_with(intake={"scan_scope": "all"})
    story.accepts(build.acceptance(), COUNTER)
    assert due(story) == (LISTED, OTHER)
