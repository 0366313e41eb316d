"""The page of the core job: rates, CPU per event, and the ratios against their targets (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.contenders import CORE
from bench.core import Measured, Plan
from bench.results import Spread, page, ratio_text, ratios, table

TARGETS: tuple[tuple[str, str, float | None, float | None], ...] = (
    ("copy-send", "copy-send", 0.6, 0.9),
    ("copy-pipelined", "copy-pipelined", 0.45, 0.65),
    ("plain-message", "plain-message", 50, 50),
    ("faststream-message", "faststream-message", 70, 70),
    ("dbos", "dbos", 30, 30),
    ("faststream-batch", "faststream-batch", 1.3, 2.2),
    ("quix-1", "quix-2", 1.2, 1.9),
    ("bytewax-1", "bytewax-2", 1.1, 1.7),
    ("kafka-streams", "kafka-streams", None, None),
)
"""Against one process, against two (hub 2 processes; two of theirs where they have two), targets of both.

Kafka Streams is the field's limit: shown, and nothing is promised.
"""

ABOUT = (
    "Every program does the same: read events of 1,105 bytes from 6 partitions, leave out repeats, count per "
    "dossier, forward the event with its count. Rates are inputs per second between 10 % and 100 % of the "
    "output, read from the output topic's watermarks; medians of the rounds, lowest and highest "
    "in brackets; CPU in "
    "microseconds per event. Copy loops neither leave out repeats nor count."
)


def by_contender(measured: Sequence[Measured]) -> dict[str, dict[int, float]]:
    """Rates by contender and round."""
    rates: dict[str, dict[int, float]] = {}
    for one in measured:
        rates.setdefault(one.contender, {})[one.round] = one.events_per_s
    return rates


def core_page(
    machine: Mapping[str, Any], plan: Plan, measured: Sequence[Measured], left_out: Mapping[str, str]
) -> str:
    """The whole page; `left_out` says of contenders why they could not run here."""
    about = (
        f"{ABOUT} {plan.events:,} events ({plan.slow_events:,} for programs that work by the message), "
        f"{plan.duplicates:.0%} repeats, {plan.dossiers:,} dossiers, {plan.rounds} interleaved rounds."
    )
    return page("Core job", about, machine, [_rates(measured, left_out), _ratios(by_contender(measured))])


def _rates(measured: Sequence[Measured], left_out: Mapping[str, str]) -> str:
    rows: list[tuple[str, ...]] = []
    for contender in CORE:
        if contender.name in left_out:
            rows.append((contender.title, f"not measured: {left_out[contender.name]}", *("-",) * 5))
        own = [one for one in measured if one.contender == contender.name]
        if own:
            rows.append((
                contender.title,
                Spread.of(one.events_per_s for one in own).rate(),
                *(
                    f"{Spread.of(values).median:.1f}"
                    for values in (
                        [one.client_us for one in own],
                        [one.postgres_us for one in own],
                        [one.broker_us for one in own],
                    )
                ),
                f"{Spread.of(one.foreign_cores for one in own).median:.2f}",
                    f"{Spread.of(one.peak_mib for one in own).median:.0f}",
            ))  # fmt: skip
    header = ("program", "events/s", "program us", "PostgreSQL us", "broker us", "foreign cores", "peak MiB")
    return "## Rates\n\n" + table(header, rows)


def _ratios(rates: Mapping[str, Mapping[int, float]]) -> str:
    titles = {contender.name: contender.title for contender in CORE}
    rows = []
    for one, two, target_one, target_two in TARGETS:
        first, second = ratios(rates, "hub-1", one), ratios(rates, "hub-2", two)
        if first is None and second is None:
            continue
        rows.append((
            titles[one] + (" (against two of theirs in the right columns)" if one != two else ""),
            ratio_text(first), _judged(first, target_one), ratio_text(second), _judged(second, target_two),
        ))  # fmt: skip
    header = ("hub / it", "hub 1 process", "target", "hub 2 processes", "target")
    return "## Ratios\n\nRound by round, then the median.\n\n" + table(header, rows)


def _judged(measured: Spread | None, target: float | None) -> str:
    if target is None:
        return "none: shown, not promised"
    if measured is None:
        return f">= {target:g}"
    return f">= {target:g} {'met' if measured.median >= target else '**missed**'}"
