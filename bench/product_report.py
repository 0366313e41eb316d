"""The page of the product job: rates beside the copy loop, CPU shares, conflicts, memory (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.product import ProductMeasured, ProductPlan
from bench.results import Spread, page, ratio_text, ratios, table

TARGETS = {"hub-1": 0.25, "hub-2": 0.35}
TITLES = {
    "copy-send": "copy loop, send(), the same bytes",
    "hub-1": "hub, 1 engine",
    "hub-2": "hub, 2 engines",
}

ABOUT = (
    "Everything on: the real models and rules, facts sealed and chained, receipts, routing, "
    "timers. Two counters, "
    "an agency and the population database send the demo's mix on four topics (16 partitions); "
    "dossiers stand "
    "at five stages, so that every event can be decided when it is read. Outcomes are checked "
    "request by request."
)


def product_page(machine: Mapping[str, Any], plan: ProductPlan, measured: Sequence[ProductMeasured]) -> str:
    """The whole page."""
    sections = []
    for share in plan.duplicates:
        own = [one for one in measured if one.duplicates == share]
        if own:
            sections.append(f"## {share:.0%} repeats\n\n{_mix(own)}\n\n{_table(own)}")
    return page("Product job", f"{ABOUT} {plan.rounds} interleaved rounds.", machine, sections)


def _mix(own: Sequence[ProductMeasured]) -> str:
    first = own[-1]
    return (
        f"{first.events:,} requests ({first.accepted:,} accepted, {first.refused:,} refused, "
        f"{first.repeated:,} repeats), {first.bytes_per_event:.0f} bytes each on average, "
        f"{first.outputs:,} messages out."
    )


def _table(own: Sequence[ProductMeasured]) -> str:
    rates: dict[str, dict[int, float]] = {}
    for one in own:
        rates.setdefault(one.program, {})[one.round] = one.events_per_s
    rows = []
    for program in rates:
        mine = [one for one in own if one.program == program]
        target = TARGETS.get(program)
        ratio = ratios(rates, program, "copy-send") if target is not None else None
        judged = (
            "" if ratio is None or target is None else ("met" if ratio.median >= target else "**missed**")
        )
        rows.append((
            TITLES[program],
            Spread.of(one.events_per_s for one in mine).rate(),
            f"{ratio_text(ratio)} {f'(>= {target} {judged})' if target else ''}".strip(),
            _shares(mine),
            _misses(mine),
            _memory(mine),
        ))  # fmt: skip
    header = (
        "program", "requests/s", "of the copy loop", "us per request: Python + PostgreSQL + broker",
        "writes rolled back", "MiB idle / peak",
    )  # fmt: skip
    return table(header, rows)


def _shares(mine: Sequence[ProductMeasured]) -> str:
    parts = [
        Spread.of(one.client_us for one in mine).median,
        Spread.of(one.postgres_us for one in mine).median,
        Spread.of(one.broker_us for one in mine).median,
    ]
    total = sum(parts) or 1.0
    return " + ".join(f"{part:.1f} ({part / total:.0%})" for part in parts)


def _memory(mine: Sequence[ProductMeasured]) -> str:
    idle, peak = (one.idle_mib for one in mine), (one.peak_mib for one in mine)
    return f"{Spread.of(idle).median:.0f} / {Spread.of(peak).median:.0f}"


def _misses(mine: Sequence[ProductMeasured]) -> str:
    batches = sum(one.batches for one in mine)
    if not batches:
        return "-"
    missed = sum(sum(one.misses.values()) for one in mine)
    return f"{missed} of {batches + missed} batches ({missed / (batches + missed):.1%})"
