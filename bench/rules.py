"""The rules alone: `decide` and `evolve` of each request of the product job, without an engine."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bench.in_memory import freeze, product_job
from bench.results import page, table
from hub.dossier.decide import decide
from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.state.evolve import evolve
from hub.dossier.state.matter import State
from hub.dossier.state.model import Dossier
from hub.engine.decide.rules import Rules
from hub.regulation.lawbook import load_book
from schemas.base import Request

_Call = tuple[Dossier | None, Request, Context]


@dataclass(frozen=True, slots=True)
class RulesMeasured:
    """One kind of request with one outcome: microseconds of CPU each, the least of the turns."""

    request: str
    outcome: str
    times: int
    decide_us: float
    evolve_us: float


class _Noting(Rules):
    """Keeps what the engine asks."""

    asked: list[_Call]

    def decide(self, state: State | None, request: Request, context: Context) -> Decision:
        assert state is None or isinstance(state, Dossier)
        decision = super().decide(state, request, context)
        if context.next_code is not None and isinstance(decision, Accepted):
            code = getattr(decision.facts[0], "code", None)
            context = replace(context, next_code=lambda: code)
        self.asked.append((state, request, context))
        return decision


def run_rules(per_group: int, turns: int) -> list[RulesMeasured]:
    """Note what the engine asks the rules in one run of the product job; ask it again, kind by kind."""
    rules = _Noting(load_book())
    rules.asked = []
    run = product_job(per_group, rules)
    rules.asked.clear()
    run(lambda _: None)
    kinds: dict[tuple[str, str], list[_Call]] = {}
    for call in rules.asked:
        decision = decide(*call)
        outcome = "accepted" if isinstance(decision, Accepted) else decision.code
        kinds.setdefault((call[1].type, outcome), []).append(call)
    freeze()
    gc.disable()
    try:
        least = dict.fromkeys(kinds, (math.inf, math.inf))
        for _ in range(turns):
            for kind, calls in kinds.items():
                taken, before = _once(calls), least[kind]
                least[kind] = min(before[0], taken[0]), min(before[1], taken[1])
    finally:
        gc.enable()
    return [
        RulesMeasured(*kind, len(calls), round(least[kind][0], 1), round(least[kind][1], 1))
        for kind, calls in kinds.items()
    ]


def _once(calls: Sequence[_Call]) -> tuple[float, float]:
    """Microseconds of one `decide`, and of the `evolve` of all its facts."""
    begun = time.thread_time()
    decisions = [decide(*call) for call in calls]
    between = time.thread_time()
    for (before, _, context), decision in zip(calls, decisions, strict=True):
        if isinstance(decision, Accepted):
            after = before
            for fact in decision.facts:
                after = evolve(after, fact, context.now, context.sender.name, context.law)
    ended = time.thread_time()
    return (between - begun) / len(calls) * 1e6, (ended - between) / len(calls) * 1e6


def mean_us(measured: Sequence[RulesMeasured]) -> float:
    """Of an event of the mix."""
    events = sum(one.times for one in measured)
    return sum((one.decide_us + one.evolve_us) * one.times for one in measured) / events


def rules_page(machine: Mapping[str, Any], measured: Sequence[RulesMeasured]) -> str:
    """The kinds in their share of the mix, and its mean."""
    rows = [
        (
            one.request, one.outcome, str(one.times), f"{one.decide_us:.1f}", f"{one.evolve_us:.1f}",
            f"{one.decide_us + one.evolve_us:.1f}",
        )
        for one in sorted(measured, key=lambda one: (-one.times, one.request))
    ]  # fmt: skip
    about = (
        "Microseconds of CPU that the rules take of one request, as the engine asked them in the product job:"
        " `decide` alone, and `evolve` of all its facts; the least of several turns."
        f" **An event of the mix takes {mean_us(measured):.1f}.**"
    )
    header = ("request", "outcome", "times", "decide", "evolve", "both")
    return page("The rules alone", about, machine, [table(header, rows)])
