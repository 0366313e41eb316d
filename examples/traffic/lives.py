"""Which lives of the demo's week are told in real time, each with its procedure, person and ways (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from examples.demo import stories_agency as agency
from examples.demo import stories_intake as intake
from examples.demo import stories_portal as portal
from examples.demo import stories_post as post
from examples.demo.case import Plan
from examples.demo.people import Citizen
from examples.demo.plan import BY_NAME, Story
from examples.demo.procedures import PROCEDURES

COUNTER = "counter-1"
"""Of the demo's two: the one whose parcels the stand-in of the post carries."""
TOLD: tuple[Story, ...] = tuple(
    BY_NAME[tell.__name__]
    for tell in (
        intake.straight,
        intake.supplement_at_intake,
        portal.paid_on_the_portal,
        post.by_post,
        intake.careless_intake,
        agency.supplement_at_appraisal,
        intake.sent_twice,
        intake.mistyped_person,
        portal.lodged_on_the_portal,
        agency.refused_by_agency,
        intake.wrong_way,
        post.cash_on_delivery,
        intake.withdrawn_early,
        intake.officer_without_right,
        agency.incomplete_return,
        agency.withdrawn_late,
        agency.papers_by_hand,
        intake.unknown_person,
        intake.enterprise,
        portal.lodged_twice,
    )
)
"""All that need no later day; each is told once before they are drawn by their weights."""


def stories(chance: Random) -> Iterator[Story]:
    """Each once, then without end as they are drawn."""
    yield from TOLD
    weights = [story.weight for story in TOLD]
    while True:
        yield from chance.choices(TOLD, weights)


def plan_of(number: int, story: Story, citizen: Citizen, chance: Random) -> Plan:
    """The life of one dossier; `number` is never used twice on one hub."""
    return Plan(
        number=number,
        story=story.tell.__name__,
        counter=COUNTER,
        procedure=chance.choice([procedure for procedure in PROCEDURES if story.fits(procedure)]),
        citizen=citizen,
        day=0,
        clock="00:00",
        channel=chance.choice(story.channels),
        return_channel=story.return_channel,
    )


def citizens_of(listed: Sequence[dict[str, str]]) -> list[Citizen]:
    """Whom the stand-in of the population database knows, without those who have a number of the guide."""
    return [
        Citizen(one["identity_number"], one["name"], one["birth_date"], "1")
        for one in listed
        if one["identity_number"].startswith("000")
    ]
