"""Whatever happens to a dossier, reports see of its facts what its state says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_dossier_walk import KINDS, STARTS, STEPS, walk
from tests.support.dossiers import Story
from tests.support.report_lives import life_of


@settings(max_examples=60, deadline=None)
@given(start=st.sampled_from(STARTS), kind=st.sampled_from(KINDS), steps=STEPS)
def test_the_life_of_a_dossier_agrees_with_its_state(
    start: Callable[..., Story], kind: dict[str, Any], steps: list[tuple[int, int, int, int]]
) -> None:
    story = start(**kind)
    walk(story, steps)
    life, state = life_of(story), story.now
    assert (life.code or None, life.accepted_at) == (state.code, state.accepted_at)
    assert (life.law is None) is (state.accepted_at is None)
    if state.accepted_at is not None:
        assert life.due_at == state.measure
        assert life.law is not None
        assert life.law.calendar == state.law.calendar
    assert len(life.spells) == state.supplements_appraisal
    is_asked = state.status == "awaiting_supplement" and state.supplement_stage == "appraisal"
    assert any(spell.ended is None for spell in life.spells) is (is_asked or _ended_within(story))
    assert life.has_reuse is bool(state.reused)
    assert life.has_copy is bool(state.digitised)
    assert life.complaints == len(state.complaints)
    assert (life.lowest_score is None) is (not state.ratings)
    assert (life.ended_at is None) is (
        state.status not in {"result_issued", "returned", "declined", "withdrawn"}
    )
    assert (life.organisation, life.agency) == (state.organisation, state.agency)


def _ended_within(story: Story) -> bool:
    """It was declined or withdrawn while a supplement was awaited."""
    last = [fact.type for fact, _, _ in story.facts]
    asked = [n for n, kind in enumerate(last) if kind == "onestop.dossier.supplement_requested.v1"]
    full = [n for n, kind in enumerate(last) if kind == "onestop.dossier.supplemented.v1"]
    is_open = bool(asked) and (not full or full[-1] < asked[-1])
    return is_open and story.now.status in {"declined", "withdrawn"} and bool(story.now.supplements_appraisal)
