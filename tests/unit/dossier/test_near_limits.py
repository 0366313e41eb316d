"""Warnings before limits: in opening hours, once for each limit, to who has the duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dossier.state.codec import from_json, to_json
from hub.dossier.state.model import Timer
from hub.dossier.state.near import rows_of, warned
from hub.regulation.lawbook import DEFAULT_REGULATION, load_book
from schemas.due import DeadlineMissed, DeadlineNear, TimerKind
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, AGENCY_CODE, HUB, MONDAY, at
from tests.support.limits import warning_of

DUE = at("2026-10-08 17:00")
OPENING = at("2026-10-08 07:00")
CLOCKS = sorted(set(get_args(TimerKind)) - {"apology", "near"})


@pytest.mark.rule("6.3.b")
def test_the_agency_is_told_once_that_the_due_time_is_near() -> None:
    story = build.in_process()
    assert story.now.timers["due"].near_at == OPENING
    warning = warning_of(story.now, "due")
    assert story.refuses(warning, HUB, OPENING - timedelta(seconds=1)).code == "timer.early"
    told = story.accepts(warning, HUB, OPENING)
    assert told == (DeadlineNear(timer="due", kind="due", due_at=DUE, holder=AGENCY_CODE),)
    assert story.refuses(warning, HUB, OPENING).code == "timer.stale"
    assert story.now.timers["due"] == Timer("due", DUE)
    (missed,) = story.accepts(build.firing(story.now, "due"), HUB, DUE + timedelta(seconds=1))
    assert isinstance(missed, DeadlineMissed)


@pytest.mark.parametrize("regulation", [DEFAULT_REGULATION, "nd118-2025"])
def test_each_clock_has_a_lead_in_both_profiles(regulation: str) -> None:
    profile = load_book(regulation).in_force(date(2026, 12, 31)).profile
    assert profile.ref.partition("@")[0] == regulation
    assert sorted(profile.near_due) == CLOCKS


@pytest.mark.rule("6.3.b")
def test_a_limit_that_moves_is_told_of_anew_and_once() -> None:
    story, new_due = build.in_process(), at("2026-10-14 17:00")
    before = warning_of(story.now, "due")
    story.accepts(build.apology(new_due), AGENCY)
    story.accepts(build.rescheduling(new_due), build.COUNTER)
    after = warning_of(story.now, "due")
    assert (before.due_at, after.due_at) == (OPENING, at("2026-10-14 07:00"))
    assert story.refuses(before, HUB, OPENING).code == "timer.stale"
    (told,) = story.accepts(after, HUB, after.due_at)
    assert told == DeadlineNear(timer="due", kind="due", due_at=new_due, holder=AGENCY_CODE)
    assert story.refuses(after, HUB, after.due_at).code == "timer.stale"


def test_a_closing_counts_as_the_next_opening_and_a_short_clock_warns_in_its_middle() -> None:
    law = build.law()
    assert warned(Timer("due", at("2026-10-12 17:00")), MONDAY, law).near_at == at("2026-10-12 07:00")
    # two opening hours until the limit: the lead of eight is more than half of them
    assert warned(Timer("due", at("2026-10-06 09:00")), at("2026-10-06 07:00"), law).near_at == at(
        "2026-10-06 08:00"
    )


def test_there_is_no_warning_without_opening_time_or_beyond_the_calendar() -> None:
    law = build.law()
    sunday, opening = at("2026-10-11 10:00"), at("2026-10-12 07:00")
    assert warned(Timer("forward", opening), sunday, law).near_at is None
    assert warned(Timer("original", at("2060-01-05 17:00")), MONDAY, law).near_at is None
    without = replace(law, profile=replace(law.profile, near_due={}))
    assert warned(Timer("due", DUE), MONDAY, without).near_at is None


@given(st.integers(0, 60 * 24 * 30), st.integers(1, 60 * 24 * 30), st.sampled_from(CLOCKS))
def test_a_warning_lies_in_opening_hours_between_the_act_and_the_limit(
    start: int, length: int, kind: TimerKind
) -> None:
    law, begin = build.law(), MONDAY + timedelta(minutes=start)
    limit = begin + timedelta(minutes=length)
    near = warned(Timer(kind, limit), begin, law).near_at
    if near is None:
        assert law.calendar.working_hours_between(begin, limit) * 3600 < 1
        return
    assert law.calendar.is_working_moment(near)
    assert begin < near < limit
    lead = law.calendar.working_hours_between(near, limit) * 60
    assert lead == min(law.profile.near_due[kind], law.calendar.working_hours_between(begin, limit) * 30)


@pytest.mark.rule("6.3.b")
def test_the_warning_waits_in_a_row_of_its_own_and_goes_with_its_limit() -> None:
    story = build.accepted()
    rows = rows_of(story.now.timers)
    assert rows["near:forward"].kind == "near"
    assert rows["forward"] == Timer("forward", story.now.timers["forward"].due_at)
    old = warning_of(story.now, "due")
    story = build.in_process()
    story.accepts(build.supplement_request("appraisal"), AGENCY)
    assert "due" not in story.now.timers
    assert story.refuses(old, HUB, DUE).code == "timer.stale"


def test_a_state_without_warnings_is_read_and_warns_of_nothing() -> None:
    now = build.in_process().now
    timers = {name: Timer(timer.kind, timer.due_at) for name, timer in now.timers.items()}
    stored = to_json(now)
    for name, timer in now.timers.items():
        if timer.near_at is not None:
            near = timer.near_at.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert f',"{near}"'.encode() in stored, name
            stored = stored.replace(f',"{near}"]'.encode(), b"]")
    assert from_json(stored.replace(b",null]", b"]")).timers == timers
