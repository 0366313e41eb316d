"""The simulated week and its plan: time waits for the stories, and a seed always gives the same week."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import get_args

from examples.demo.days_off import CALENDAR, DAY_OFF, write_regulation
from examples.demo.papers import Messages
from examples.demo.people import citizens
from examples.demo.plan import STORIES, plan_week
from examples.demo.procedures import PROCEDURES
from examples.demo.week import LAST, Week, moment
from hub.regulation.lawbook import load_book
from schemas.notice import NoticePurpose
from tests.support.dossiers import law


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311  a seeded simulation


async def test_time_moves_only_when_every_story_waits() -> None:
    week, seen = Week(), []

    async def story(name: str, *clocks: str) -> None:
        for clock in clocks:
            await week.until(0, clock)
            seen.append((name, f"{week.now:%H:%M}"))

    tasks = [
        asyncio.create_task(week.tell(story("a", "08:30", "13:15"))),
        asyncio.create_task(week.tell(story("b", "10:00"))),
    ]
    await asyncio.sleep(0)
    while True:
        await week.asleep.wait()
        following = week.next()
        if following is None:
            break
        week.wake(following)
    await asyncio.gather(*tasks)
    assert seen == [("a", "08:30"), ("b", "10:00"), ("a", "13:15")]


async def test_a_time_that_is_over_is_not_waited_for() -> None:
    week = Week()
    week.now = moment(1, "10:00")
    await asyncio.wait_for(week.until(1, "08:30"), 1)


def test_times_of_the_week_are_those_of_viet_nam() -> None:
    assert moment(0, "07:10") == datetime(2026, 10, 5, 0, 10, tzinfo=UTC)
    assert f"{LAST:%A}" == "Friday"


def test_the_same_seed_gives_the_same_week_and_another_seed_another_one() -> None:
    people = citizens(80, seeded(1))
    assert plan_week(people, seeded(5)) == plan_week(people, seeded(5))
    assert plan_week(people, seeded(5)) != plan_week(people, seeded(6))


def test_every_story_is_lived_through_as_soon_as_there_are_enough_dossiers() -> None:
    plans = plan_week(citizens(len(STORIES), seeded(1)), seeded(1))
    assert Counter(plan.story for plan in plans) == {story.tell.__name__: 1 for story in STORIES}


def test_dossiers_are_about_channels_and_papers_that_are_published() -> None:
    """Held against the catalogue that the hub uses."""
    catalogue = law().catalogue
    for procedure in PROCEDURES:
        published = catalogue.in_force(procedure.code, date(2026, 10, 5))
        assert published is not None
        assert procedure.channels == set(published.channels)
        assert procedure.result in {result.code for result in published.results}
        for channel in published.channels:
            time = published.handling_time(channel)
            assert time is not None
            assert (int(time.amount), time.unit.name) == (procedure.days, "WORKING_DAY")
        for paper in procedure.papers:
            quantity = published.quantity(paper)
            assert quantity is not None
            assert quantity[0] >= 1


def test_fees_are_those_that_are_published_for_dossiers_lodged_online() -> None:
    catalogue = law().catalogue
    costly = [procedure for procedure in PROCEDURES if procedure.online_fee]
    assert costly
    for procedure in costly:
        published = catalogue.in_force(procedure.code, date(2026, 10, 5))
        assert published is not None
        fees = [fee.amount for fee in published.channels["online"].fees if fee.kind == "fee"]
        assert Decimal(procedure.online_fee) in fees


def test_a_purpose_of_which_nobody_was_told_is_named() -> None:
    told = dict.fromkeys(get_args(NoticePurpose), 1)
    without = {purpose: count for purpose, count in told.items() if purpose not in {"fee", "moved"}}
    assert Messages(Path(), Path(), told).missing == ()
    assert Messages(Path(), Path(), without).missing == ("fee", "moved")


def test_the_later_calendar_of_the_week_is_the_one_that_is_there_with_one_day_off_more(
    tmp_path: Path,
) -> None:
    write_regulation(tmp_path / "law")
    book = load_book(folder=tmp_path / "law")
    friday = LAST.date()
    before, after = book.in_force(friday - timedelta(days=1)), book.in_force(friday)
    assert (after.calendar.version, before.calendar.version) == (CALENDAR, law().calendar.version)
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(600)]
    differing = [
        day for day in days if before.calendar.is_working_day(day) != after.calendar.is_working_day(day)
    ]
    assert differing == [DAY_OFF]


def test_people_are_invented_and_numbered() -> None:
    people = citizens(3, seeded(1))
    assert [one.number for one in people] == ["083090000001", "083090000002", "083090000003"]
    assert all("Giả" in one.name for one in people)
    assert people[0].with_typing_error()["birth_date"].startswith("1989-")
