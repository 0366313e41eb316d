"""From a seed to the week's dossiers: which story each lives through, when, where, about what (pure)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from examples.demo import stories_agency as agency
from examples.demo import stories_copies as copies
from examples.demo import stories_intake as intake
from examples.demo import stories_interlinked as interlinked
from examples.demo import stories_portal as portal
from examples.demo import stories_post as post
from examples.demo.case import Case, Plan
from examples.demo.people import Citizen
from examples.demo.procedures import BUSINESS, PROCEDURES, Procedure
from examples.demo.week import TIMES

_DAY_WEIGHTS = (30, 25, 20, 15, 10)
_MORNING = ("07:10", "08:30", "10:00")
_BEFORE_CUTOFF = TIMES[:5]


@dataclass(frozen=True, slots=True)
class Story:
    """A story with what it needs to come to its point within the week."""

    tell: Callable[[Case], Awaitable[None]]
    weight: int = 2
    days: tuple[int, int] = (1, 10)
    """Handling times of the procedures it can be about, in working days."""
    last_day: int = 4
    clocks: Sequence[str] = TIMES
    channels: Sequence[str] = ("in_person", "online")
    return_channel: str = "in_person"
    counters: Sequence[str] = ("counter-1", "counter-2")
    is_business: bool = False
    is_paid: bool = False
    """About a procedure that costs something when it is lodged online."""

    def fits(self, procedure: Procedure) -> bool:
        """Whether it can be about this procedure."""
        return (
            self.days[0] <= procedure.days <= self.days[1]
            and (procedure.agency == BUSINESS) == self.is_business
            and set(self.channels) <= procedure.channels
            and (procedure.online_fee > 0 or not self.is_paid)
        )


_FIRST = ("counter-1",)
_PAPER = ("in_person",)
_ONLINE = ("online",)

STORIES: tuple[Story, ...] = (
    Story(intake.straight, weight=60),
    Story(intake.enterprise, weight=8, is_business=True),
    Story(intake.supplement_at_intake, weight=6, last_day=3),
    Story(intake.mistyped_person, weight=5),
    Story(intake.unknown_person, weight=3),
    Story(intake.mismatch_on_paper, weight=3),
    Story(intake.officer_without_right, weight=3),
    Story(intake.database_away, clocks=_MORNING, weight=1),
    Story(intake.answered_too_late, channels=_ONLINE, last_day=3, clocks=_BEFORE_CUTOFF, is_paid=True),
    Story(intake.forwarded_too_late, channels=_PAPER, last_day=3, days=(2, 10)),
    Story(intake.withdrawn_early, weight=3, last_day=3),
    Story(intake.careless_intake, weight=3),
    Story(intake.wrong_way, weight=3),
    Story(intake.sent_twice, weight=4),
    Story(agency.supplement_at_appraisal, weight=6, days=(3, 10), last_day=2),
    Story(agency.apology_in_time, weight=4, days=(3, 5), last_day=1),
    Story(agency.apology_too_late, days=(2, 3), last_day=1),
    Story(agency.overdue, weight=3, days=(2, 2), last_day=1),
    Story(agency.refused_by_agency, weight=3, days=(3, 10), last_day=3),
    Story(agency.verified_on_the_spot, weight=2, days=(3, 10), last_day=3),
    Story(agency.opinion_overdue, weight=3, days=(3, 10), last_day=1),
    Story(interlinked.interlinked_on_paper, days=(7, 10), channels=_PAPER, last_day=2),
    Story(interlinked.interlinked_at_once, days=(3, 10), channels=_ONLINE, last_day=1),
    Story(agency.withdrawn_late, weight=3, days=(3, 10), last_day=3),
    Story(agency.papers_by_hand, weight=5, channels=_PAPER),
    Story(agency.incomplete_return, weight=3, days=(2, 3), last_day=2),
    Story(portal.lodged_on_the_portal, weight=12, channels=_ONLINE, return_channel="online"),
    Story(portal.lodged_twice, channels=_ONLINE, last_day=3),
    Story(portal.followed_on_the_portal, channels=_ONLINE, last_day=2, days=(3, 10), return_channel="online"),
    Story(portal.paid_on_the_portal, weight=6, channels=_ONLINE, last_day=1, days=(3, 10), is_paid=True),
    Story(copies.scanned_and_signed, weight=6, days=(3, 10), last_day=2, return_channel="online"),
    Story(copies.unsigned_copy, channels=_PAPER, last_day=3),
    Story(copies.forged_copy, channels=_PAPER),
    Story(
        post.by_post,
        weight=14,
        days=(2, 5),
        last_day=2,
        clocks=_MORNING,
        channels=("post",),
        return_channel="post",
    ),
    Story(post.cash_on_delivery, weight=3, days=(2, 5), last_day=2, return_channel="post", counters=_FIRST),
    Story(
        post.lost_on_the_way_in,
        return_channel="post",
        last_day=2,
        days=(2, 5),
        channels=("post",),
        counters=_FIRST,
        clocks=_MORNING,
    ),
    Story(post.lost_result, days=(2, 5), last_day=2, return_channel="post", counters=_FIRST),
    Story(post.nobody_at_home, days=(2, 5), last_day=0, return_channel="post", counters=_FIRST),
    Story(post.brought_back_too_early, days=(2, 5), last_day=2, return_channel="post", counters=_FIRST),
    Story(post.cancelled_order, last_day=3, days=(2, 5), channels=("post",), counters=_FIRST),
)
BY_NAME = {story.tell.__name__: story for story in STORIES}


def plan_week(people: Sequence[Citizen], chance: Random) -> list[Plan]:
    """A dossier of each person, who are as many as the stories at least; ordered by their time."""
    drawn = chance.choices(STORIES, [story.weight for story in STORIES], k=len(people) - len(STORIES))
    stories = [*STORIES, *drawn]
    plans = [
        _plan(number, story, people[number - 1], chance) for number, story in enumerate(stories, start=1)
    ]
    return sorted(plans, key=lambda plan: (plan.day, plan.clock, plan.number))


def _plan(number: int, story: Story, citizen: Citizen, chance: Random) -> Plan:
    days = range(story.last_day + 1)
    return Plan(
        number=number,
        story=story.tell.__name__,
        counter=chance.choice(story.counters),
        procedure=chance.choice([procedure for procedure in PROCEDURES if story.fits(procedure)]),
        citizen=citizen,
        day=chance.choices(days, _DAY_WEIGHTS[: len(days)])[0],
        clock=chance.choice(story.clocks),
        channel=chance.choice(story.channels),
        return_channel=story.return_channel,
    )
