"""One participant's bugs stop only itself; those of several stop the engine."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.engine.intake.brakes import Limiter
from hub.errors import StopError
from tests.support.batches import Memory, record, submit
from tests.support.requests import WITHDRAW, submission


class Intake:
    """Remembers which topics are left alone."""

    def __init__(self) -> None:
        self.aside: set[str] = set()

    def set_aside(self, topic: str, until: float) -> None:
        assert until > time.monotonic()
        self.aside.add(topic)


def an_intake() -> Any:
    return Intake()


def failing(number: int, sender: str = "counter-a") -> tuple[Memory, Any]:
    """The decision of a batch in which a rule fails for so many dossiers of a participant."""
    memory = Memory()
    refs = [f"ref:{index}" for index in range(number)]
    lodged = [submit(f"s{ref}", ref, submission(), sender=sender) for ref in refs]
    memory.commit(memory.decide(*lodged))
    memory.rules.faulty = {WITHDRAW}
    return memory, memory.decide(*[record(WITHDRAW, ref, {}, f"w{ref}", sender=sender) for ref in refs])


def test_one_participant_that_hits_bugs_is_left_alone_and_the_engine_lives() -> None:
    limiter, intake = Limiter(3, ""), an_intake()
    limiter.watch(failing(3)[1], intake)
    assert intake.aside == set()
    limiter.watch(failing(40)[1], intake)
    assert intake.aside == {"in.counter-a"}
    assert limiter.hold(intake) == {"counter-a"}


def test_bugs_by_requests_of_several_participants_stop_the_engine() -> None:
    limiter, intake = Limiter(3, ""), an_intake()
    limiter.watch(failing(40)[1], intake)
    limiter.watch(failing(3, "counter-b")[1], intake)
    with pytest.raises(StopError, match="rules failed for 44 dossiers"):
        limiter.watch(failing(4, "counter-b")[1], intake)


def test_bugs_of_the_hubs_own_timers_stop_the_engine() -> None:
    limiter, intake = Limiter(3, ""), an_intake()
    limiter.remember([("hub", f"dossier-{number}") for number in range(3)])
    limiter.watch(failing(1)[1], intake)
    limiter.remember([("hub", f"dossier-{number}") for number in range(4)])
    with pytest.raises(StopError):
        limiter.watch(failing(1)[1], intake)


def test_after_a_restart_and_after_a_redrive_the_store_tells_who_is_left_alone() -> None:
    limiter, intake = Limiter(3, ""), an_intake()
    limiter.remember([("counter-a", f"dossier-{number}") for number in range(4)])
    assert limiter.hold(intake) == {"counter-a"}
    limiter.remember([])
    assert limiter.hold(intake) == set()
