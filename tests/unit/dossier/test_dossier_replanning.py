"""A calendar that was decided later: what runs is counted by it, each moved limit is on record, once."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from hub.dossier.decision import Accepted
from hub.dossier.rules.replanning import is_later_calendar, moved_limits
from hub.dossier.state.codec import from_json, to_json
from hub.dossier.state.evolve import evolve
from schemas.case import AppraiseCase
from schemas.due import DeadlineNear
from schemas.feedback import RecordComplaint
from schemas.opinion import RequestOpinion
from schemas.original import TakeOriginal
from schemas.pickup import ReportPickup
from schemas.replanning import CalendarChanged, LimitMoved, ReplanLimits
from tests.support import dossiers as build
from tests.support.agency_requests import leg
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, MONDAY, OFFICER, PORTAL, Story, at
from tests.support.lawbooks import with_calendar
from tests.support.postal_requests import pickup

TUESDAY, WEDNESDAY = date(2026, 10, 6), date(2026, 10, 7)
SATURDAY = date(2026, 10, 10)
NOON = at("2026-10-05 10:00")
STORM = {WEDNESDAY: "Nghỉ phòng tránh bão"}


def order(calendar: str = "vn-2026.2") -> ReplanLimits:
    return ReplanLimits(calendar=calendar, officer=OFFICER, reason="Quyết định của Thủ tướng")


def later(story: Story, off: dict[date, str] | None = None, worked: tuple[date, ...] = ()) -> Story:
    story.later = with_calendar(story.law, "vn-2026.2", STORM if off is None else off, worked)
    return story


def moved(story: Story, now: datetime = NOON) -> dict[str, tuple[datetime, datetime]]:
    """Each limit that moved, after the order was carried out."""
    facts = story.accepts(order(), HUB, now)
    assert isinstance(facts[0], CalendarChanged)
    return {fact.timer: (fact.old_due_at, fact.new_due_at) for fact in facts if isinstance(fact, LimitMoved)}


@pytest.mark.rule("blld45-2019.112")
def test_a_later_day_off_moves_the_due_time_and_says_which_day_it_was() -> None:
    story = later(build.in_process())
    facts = story.accepts(order(), HUB, NOON)
    assert isinstance(facts[0], CalendarChanged)
    assert (facts[0].calendar_before, facts[0].calendar) == ("vn-2026.1", "vn-2026.2")
    by_name = {fact.timer: fact for fact in facts if isinstance(fact, LimitMoved)}
    due = by_name["due"]
    assert (due.old_due_at, due.new_due_at) == (at("2026-10-08 17:00"), at("2026-10-09 17:00"))
    assert due.holder == AGENCY_CODE
    assert [(day.day, day.is_off, day.name) for day in due.days] == [
        (WEDNESDAY, True, "Nghỉ phòng tránh bão")
    ]
    assert (story.now.due_at, story.now.timers["due"].due_at) == (due.new_due_at, due.new_due_at)
    assert story.now.law.calendar == "vn-2026.2"
    assert story.now.law.ruleset == story.law.versions.ruleset


@pytest.mark.rule("blld45-2019.112")
def test_the_warning_before_the_due_day_moves_with_it_and_comes_once() -> None:
    story = later(build.in_process())
    assert moved(story)["apology"] == (at("2026-10-07 07:00"), at("2026-10-08 07:00"))
    (near,) = story.accepts(build.firing(story.now, "apology"), HUB, at("2026-10-08 07:00"))
    assert isinstance(near, DeadlineNear)

    warned = later(build.in_process())
    warned.accepts(build.firing(warned.now, "apology"), HUB, at("2026-10-07 08:00"))
    warned.later = with_calendar(warned.law, "vn-2026.2", {date(2026, 10, 8): "Nghỉ"})
    assert set(moved(warned, at("2026-10-07 09:00"))) == {"due"}, "it was warned of, and is not again"


@pytest.mark.rule("blld45-2019.112")
def test_a_day_that_is_worked_after_all_moves_a_limit_forward_but_never_into_the_past() -> None:
    start = at("2026-10-09 09:00")
    story = later(build.in_process(start), {}, (SATURDAY,))
    due = moved(story, at("2026-10-09 10:00"))["due"]
    assert due == (at("2026-10-14 17:00"), at("2026-10-13 17:00"))
    late = later(build.in_process(start), {}, (SATURDAY,))
    assert "due" not in moved(late, at("2026-10-14 09:00"))
    assert late.now.timers["due"].due_at == at("2026-10-14 17:00")


@pytest.mark.rule("blld45-2019.112")
def test_a_limit_that_has_passed_stays_passed() -> None:
    story = later(build.in_process(), {date(2026, 10, 8): "Nghỉ"})
    assert moved(story, at("2026-10-09 09:00")) == {}
    assert story.now.timers["due"].due_at == at("2026-10-08 17:00")
    assert story.now.law.calendar == "vn-2026.2"


@pytest.mark.rule("blld45-2019.112")
def test_working_time_that_is_left_is_left_by_the_later_calendar_too() -> None:
    online = later(build.submitted(MONDAY, PORTAL, channel="online"), {TUESDAY: "Nghỉ"})
    assert moved(online)["intake"] == (at("2026-10-06 09:00"), at("2026-10-07 09:00"))
    assert online.now.intake_limit == at("2026-10-07 09:00")

    story = build.in_process()
    asked = RequestOpinion(opinion="A", officer=OFFICER, of="H07.21", content="x", working_days=2)
    story.accepts(asked, AGENCY, NOON)
    named = asked.model_copy(
        update={"opinion": "B", "working_days": None, "answer_by": at("2026-10-08 10:00")}
    )
    story.accepts(named, AGENCY, NOON)
    appraisal = AppraiseCase(officer=OFFICER, outcome="to_supplement", findings="Thiếu")
    story.accepts(appraisal, AGENCY, NOON)
    found = moved(later(story))
    assert found["opinion:A"] == (at("2026-10-07 17:00"), at("2026-10-08 17:00"))
    assert "opinion:B" not in found, "a moment that the asker named, on a working day"
    assert story.now.opinions["A"].answer_by == at("2026-10-08 17:00")
    assert found["supplement_notice"][1] == story.now.notice_limit == at("2026-10-09 17:00")


@pytest.mark.rule("blld45-2019.112")
def test_parts_papers_and_parcels_are_counted_anew_too() -> None:
    part = build.accepted(channel="online", return_channel="online")
    part.accepts(build.forwarding(legs=(leg("PV-1", "H07.21", working_days=2),)), COUNTER)
    assert moved(later(part))["leg:PV-1"] == (at("2026-10-07 17:00"), at("2026-10-08 17:00"))
    assert part.now.legs["PV-1"].finish_by == at("2026-10-08 17:00")

    paper = later(build.accepted(at("2026-10-05 16:00")), {TUESDAY: "Nghỉ"})
    assert moved(paper, at("2026-10-05 16:30"))["forward"] == (
        at("2026-10-06 08:00"),
        at("2026-10-07 08:00"),
    )
    assert paper.now.paper_limit == at("2026-10-07 08:00")

    story = build.issued(return_channel="post")
    order_placed = story.accepts(pickup("deliver"), COUNTER, NOON)[0]
    name = order_placed.order  # type: ignore[attr-defined]  # a PickupOrdered
    story.accepts(ReportPickup(order=name, status="collected", at=NOON), build.POSTAL, NOON)
    timer = f"transit:{name}"
    before = story.now.timers[timer].due_at
    found = moved(later(story))
    assert before.astimezone().minute == 0
    assert (found[timer][1] - before).days == 1


@pytest.mark.rule("blds91-2015.148")
def test_a_promised_time_moves_off_a_day_off_and_stays_where_it_is_otherwise() -> None:
    for promised, new in (
        ("2026-10-12 10:00", "2026-10-12 10:00"),
        ("2026-10-13 10:00", "2026-10-14 10:00"),
    ):
        story = build.in_process()
        story.accepts(build.apology(at(promised)), AGENCY, at("2026-10-06 09:00"))
        story.accepts(build.rescheduling(at(promised)), COUNTER, at("2026-10-06 10:00"))
        later(story, {date(2026, 10, 13): "Nghỉ", WEDNESDAY: "Nghỉ"})
        found = moved(story, at("2026-10-06 11:00"))
        assert found.get("due", (None, at(promised)))[1] == at(new)
        assert (story.now.due_at, story.now.measured_due_at) == (at(new), at(new))


@pytest.mark.rule("blds91-2015.148")
def test_originals_and_complaints_stand_in_days_of_the_calendar() -> None:
    story = build.in_process()
    complaint = RecordComplaint(
        kind="reflection", about="agency", way="counter", text="Chưa có kết quả", complainant="Nguyễn Thị Mẫu"
    )
    story.accepts(complaint, COUNTER, NOON)
    taken = TakeOriginal(
        component=story.now.components[0].code,
        purpose="compare",
        organisation=AGENCY_CODE,
        return_by=at("2026-10-07 10:00"),
        sector_law="Luật Mẫu",
        officer=OFFICER,
    )
    story.accepts(taken, AGENCY, NOON)
    answer = story.now.timers["complaint:K1"].due_at
    found = moved(later(story, {**STORM, answer.date(): "Nghỉ"}))
    assert found["complaint:K1"][1] > answer
    assert story.now.complaints["K1"].answer_by == found["complaint:K1"][1]
    (name,) = story.now.originals
    assert found[f"original:{name}"][1] == at("2026-10-08 10:00")


@pytest.mark.rule("blld45-2019.112")
def test_a_dossier_passes_over_to_a_later_calendar_only_and_once() -> None:
    story = later(build.in_process())
    moved(story)
    refused = story.refuses(order(), HUB, NOON)
    assert (refused.code, refused.rule) == ("due.calendar_not_later", "blld45-2019.112")
    assert is_later_calendar("vn-2026.9", "vn-2026.10")
    assert not is_later_calendar("vn-2027.1", "vn-2026.2")
    assert not is_later_calendar("vn-2026.1", "xx-2027.1")


@pytest.mark.rule("blld45-2019.112")
def test_a_dossier_at_its_end_is_left_as_it_was_decided() -> None:
    story = build.identified()
    story.accepts(build.refusal(reason="not_entitled"), COUNTER)
    later(story)
    assert story.refuses(order(), HUB, NOON).code == "due.nothing_open"
    assert story.now.law.calendar == "vn-2026.1"


def test_the_facts_alone_rebuild_the_state_and_nothing_moves_where_no_day_changed() -> None:
    story = later(build.in_process())
    decided = story.send(order(), HUB, NOON)
    assert isinstance(decided, Accepted)
    state = None
    for (fact, when, by), law in zip(story.facts, story.laws, strict=True):
        state = evolve(state, fact, when, by, law)
    assert state == story.now == from_json(to_json(story.now))
    still = later(build.in_process(), {date(2026, 12, 24): "Nghỉ"})
    assert still.later is not None
    assert moved_limits(still.now, still.law, still.later, NOON) == ()
