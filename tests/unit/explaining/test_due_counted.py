"""How a due time came about: counted, entered after Form 04, or counted anew after that."""

from __future__ import annotations

from datetime import date

from hub.explaining.due_counted import due_counted
from schemas.dossier import Gap
from schemas.replanning import ReplanLimits
from tests.support import dossiers as build
from tests.support.dossiers import AGENCY, COUNTER, HUB, OFFICER, Story, at, law
from tests.support.lawbooks import with_calendar

STORM = {date(2026, 10, 7): "Nghỉ phòng tránh bão"}
NEW_DUE = at("2026-10-12 10:00")


def told(story: Story) -> object:
    return due_counted(story.now, law())


def test_a_due_time_is_counted_from_acceptance_moved_by_form_04_and_counted_anew_after_a_supplement() -> None:
    assert told(build.identified()) is None
    story = build.in_process()
    counted = due_counted(story.now, law())
    assert counted is not None
    assert (counted["from"], counted["rule"], counted["days"]) == (story.now.accepted_at, "15.1.a", 3)

    day = at("2026-10-06 09:00")
    story.accepts(build.apology(NEW_DUE), AGENCY, day)
    story.accepts(build.rescheduling(NEW_DUE), COUNTER, day)
    assert told(story) == {"by": "due.reschedule", "rule": "17.9", "late_after": NEW_DUE}

    asked = build.supplement_request("appraisal", gaps=(Gap(reason="Chưa rõ"),))
    story.accepts(asked, AGENCY, at("2026-10-07 09:00"))
    brought = build.supplement(components=(), answers=(build.answer(1),))
    story.accepts(brought, COUNTER, at("2026-10-09 09:00"))
    anew = due_counted(story.now, law())
    assert anew is not None
    assert story.now.reschedules == 1
    assert (anew["from"], anew["rule"], anew["days"]) == (at("2026-10-09 09:00"), "17.4", 3)
    assert [one["why"] for one in anew["not_counted"]] == ["weekend", "weekend"]


def test_a_due_time_that_had_passed_when_the_calendar_changed_was_moved_by_nobody() -> None:
    story = build.in_process()
    due = story.now.due_at
    story.later = with_calendar(story.law, "vn-2026.2", STORM, ())
    order = ReplanLimits(calendar="vn-2026.2", officer=OFFICER, reason="Quyết định của Thủ tướng")
    story.accepts(order, HUB, at("2026-10-09 09:00"))
    assert due_counted(story.now, story.later) == {
        "by": "calendar.changed", "rule": "blld45-2019.112", "late_after": due,
    }  # fmt: skip
