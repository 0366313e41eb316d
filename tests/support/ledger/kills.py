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
_KILLS_ALWAYS: tuple[Blow, ...] = ("engine", "crash", "crash", "client", "counterpart", "postgres", "kafka")
_KILLS: dict[Blow, int] = {
    "engine": 26,
    "crash": 32,
    "client": 11,
    "counterpart": 11,
    "postgres": 8,
    "kafka": 6,
}
_OTHERS_ALWAYS: tuple[Blow, ...] = ("pause_engine",)
_OTHERS: dict[Blow, int] = {"pause_engine": 12, "pause_postgres": 3, "pause_kafka": 3, "rolling": 6}
_KILLS_PER_OTHER = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One blow; `number` picks the target among its kind, `crash_at` is for `HUB_CRASH_AT`."""

    blow: Blow
    number: int
    crash_at: str | None = None
    pause_s: float = 0.0


def plan(kills: int, seed: int) -> list[Step]:
    """So many SIGKILLs, each kind at least once, and one pause or restart for every four of them, mixed."""
    chance = random.Random(f"{seed}:kills")  # noqa: S311  a seeded simulation
    others = kills // _KILLS_PER_OTHER
    blows: list[Blow] = [*_KILLS_ALWAYS[:kills], *_drawn(chance, _KILLS, kills - len(_KILLS_ALWAYS))]
    blows += _OTHERS_ALWAYS[:others]
    blows += _drawn(chance, _OTHERS, others - len(_OTHERS_ALWAYS))
    chance.shuffle(blows)
    points = [_CRASH_POINTS[number % len(_CRASH_POINTS)] for number in range(kills)]
    return [_step(chance, blow, points) for blow in blows]


def _drawn(chance: random.Random, weights: dict[Blow, int], count: int) -> list[Blow]:
    return chance.choices(list(weights), list(weights.values()), k=max(0, count))


def _step(chance: random.Random, blow: Blow, points: list[str]) -> Step:
    crash_at = f"{points.pop(0)}:{chance.randint(1, 8)}" if blow == "crash" else None
    pause_s = 4.0 + 3 * chance.random() if blow.startswith("pause") else 0.0
    return Step(blow, chance.randrange(1000), crash_at, pause_s)
