"""One dossier holds a bounded number of things, so that its state stays small."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from hub.dossier.room import MOST
from hub.dossier.state.codec import to_json
from hub.dossier.state.model import Complaint, Inquiry, Loss, Opinion, Original, SharedData, Verification
from tests.support import dossiers as build
from tests.support import words
from tests.support.agency_requests import appointment, question, verified
from tests.support.dossiers import AGENCY, COUNTER, MONDAY, Story, at
from tests.support.ending import original
from tests.support.loss import loss

PAPER = build.papers()[0].code
LATER = datetime(2026, 11, 2, tzinfo=UTC)
ONE_MORE = {
    "opinions": (Opinion("H07.21", "H07.34.13", LATER, is_given=True), question("YK-1001"), AGENCY),
    "verifications": (Verification(None, is_recorded=True), appointment(at("2026-10-07 09:00")), AGENCY),
    "complaints": (Complaint("reflection", "agency", "H07.34.12", LATER), words.complaint(), COUNTER),
    "questions": (Inquiry("H07.34.12", "H07.21"), words.question("H07.21"), COUNTER),
    "originals": (Original(PAPER), original(PAPER), COUNTER),
    "losses": (Loss("lost", "post", (PAPER,), is_open=False), loss(PAPER), COUNTER),
    "shared_data": (SharedData(LATER, ("name",)), build.verification(), COUNTER),
}


def holding(kind: str, one: Any, count: int) -> Story:
    story = build.in_process()
    held = {f"x-{number}": one for number in range(count)}
    custody = {**story.now.custody, PAPER: "H07.34.12"}
    if kind == "originals":
        custody |= dict.fromkeys(held, "post")
    story.dossier = replace(story.now, custody=custody, **{kind: held})
    return story


@pytest.mark.parametrize("kind", ONE_MORE)
def test_a_dossier_takes_no_more_of_a_kind_than_it_may_have(kind: str) -> None:
    one, request, sender = ONE_MORE[kind]
    assert holding(kind, one, MOST).refuses(request, sender).code == "state.full"
    story = holding(kind, one, MOST - 1)
    story.accepts(request, sender)
    assert len(to_json(story.now)) < 150_000


def test_what_is_there_goes_on_to_its_end_in_a_dossier_that_is_full() -> None:
    story = holding("verifications", Verification(), MOST)
    assert story.refuses(verified(MONDAY), AGENCY).code == "state.full"
    story.accepts(verified(MONDAY, "x-0"), AGENCY)
    complained = holding("complaints", ONE_MORE["complaints"][0], MOST)
    complained.accepts(words.answer("x-0"), COUNTER)


def test_failed_deliveries_are_counted_to_a_bound() -> None:
    story = build.submitted(channel="post")
    story.accepts(build.pickup(), COUNTER)
    (order,) = story.now.pickups
    pickup = story.now.pickups[order]
    for minute in range(120):
        failed = pickup.failures_with(
            "delivery_failed", MONDAY.replace(hour=minute // 60, minute=minute % 60)
        )
        pickup = replace(pickup, failed_at=failed)
    assert len(pickup.failed_at) == 100
