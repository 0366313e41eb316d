"""Ledger: what is killed when: drawn from the seed before the run, so that a seed can be run again (pure)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Blow = Literal[
    "engine", "crash", "pause_engine", "client", "counterpart", "postgres", "kafka", "pause_postgres",
    "pause_kafka", "rolling",
]  # fmt: skip
"""`crash` arms an engine's named crash point; `rolling` stops one engine after the other politely."""

_CRASH_POINTS = ("before_commit", "after_commit", "before_publish", "after_publish", "after_mark")
_ALWAYS: tuple[Blow, ...] = (
    "engine",
    "crash",
    "crash",
    "pause_engine",
    "client",
    "counterpart",
    "postgres",
    "kafka",
)
_WEIGHTS: dict[Blow, int] = {
    "engine": 24, "crash": 30, "pause_engine": 12, "client": 10, "counterpart": 8, "postgres": 6, "kafka": 4,
    "pause_postgres": 2, "pause_kafka": 2, "rolling": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One blow; `number` picks the target among its kind, `crash_at` is for `HUB_CRASH_AT`."""

    blow: Blow
    number: int
    crash_at: str | None = None
    pause_s: float = 0.0


def plan(kills: int, seed: int) -> list[Step]:
    """The blows of a run in order: the first eight kinds at least once each, the rest by weight."""
    chance = random.Random(f"{seed}:kills")  # noqa: S311  a seeded simulation
    blows = list(_ALWAYS[:kills])
    names = list(_WEIGHTS)
    blows += chance.choices(names, [_WEIGHTS[name] for name in names], k=kills - len(blows))
    chance.shuffle(blows)
    points = [_CRASH_POINTS[number % len(_CRASH_POINTS)] for number in range(kills)]
    return [_step(chance, blow, points) for blow in blows]


def _step(chance: random.Random, blow: Blow, points: list[str]) -> Step:
    crash_at = f"{points.pop(0)}:{chance.randint(1, 8)}" if blow == "crash" else None
    pause_s = 4.0 + 3 * chance.random() if blow.startswith("pause") else 0.0
    return Step(blow, chance.randrange(1000), crash_at, pause_s)
