"""The page of deliveries beside the plain loop (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.deliveries_kind import Kind
from bench.deliveries_run import KINDS, DeliveriesMeasured, DeliveriesPlan
from bench.results import Spread, page, ratio_text, ratios, table


def deliveries_page(
    machine: Mapping[str, Any], plan: DeliveriesPlan, measured: Sequence[DeliveriesMeasured]
) -> str:
    """Rates and CPU, one row an adapter."""
    measured_kinds = [kind for kind in KINDS if any(one.adapter == kind.name for one in measured)]
    sections = [_rates(measured_kinds, measured), _costs(measured_kinds, measured)]
    return page("Deliveries", _about(plan), machine, sections)


def _about(plan: DeliveriesPlan) -> str:
    return (
        f"{plan.deliveries:,} deliveries a run, each of a dossier of its own, at most {plan.concurrency} "
        "at once. Adapter: its own process and its stand-in's; facts lie on its topic when it is let go; a "
        "delivery counts when its outcome is stored, a report when the hub's receipt for it is stored, from "
        "10 % to 100 %, by the database's clock. The bench plays the hub's side and answers each report. "
        "Plain loop: the same calls by httpx straight at a fresh stand-in, their bytes made before the clock "
        "starts with the adapter's own mapping; nothing is stored, reported or asked about. The stand-ins "
        "write each effect to their journal with fsync; each journal must hold every effect exactly once and "
        f"nothing else, and the hub must have been told of each once. {plan.rounds} interleaved rounds, "
        "medians with the lowest and the highest; ratios are taken inside each round."
    )


def _rates(kinds: Sequence[Kind], measured: Sequence[DeliveriesMeasured]) -> str:
    rows = []
    for kind in kinds:
        rates: dict[str, dict[int, float]] = {"adapter": {}, "loop": {}}
        for one in measured:
            if one.adapter == kind.name:
                rates[one.program][one.round] = one.per_s
        confirmed = [one.confirmed_per_s for one in _of(measured, kind, "adapter")]
        rows.append((
            kind.title,
            str(kind.calls_per_delivery),
            _rate(rates["adapter"].values()),
            _rate(confirmed),
            _rate(rates["loop"].values()),
            ratio_text(ratios(rates, "adapter", "loop")),
        ))  # fmt: skip
    header = (
        "adapter", "calls each", "outcomes stored/s", "reports with receipt/s", "plain httpx loop/s",
        "adapter / loop",
    )  # fmt: skip
    return table(header, rows)


def _costs(kinds: Sequence[Kind], measured: Sequence[DeliveriesMeasured]) -> str:
    names = ("program_us", "postgres_us", "broker_us", "sandbox_us")
    rows = []
    for kind in kinds:
        for program, title in (("adapter", kind.title), ("loop", f"{kind.title}: plain loop")):
            mine = _of(measured, kind, program)
            if mine:
                medians = [f"{Spread.of(getattr(one, name) for one in mine).median:.0f}" for name in names]
                rows.append((title, *medians, f"{Spread.of(one.foreign_cores for one in mine).median:.2f}"))
    header = ("CPU us per delivery", "program", "PostgreSQL", "broker", "stand-in", "foreign cores")
    return table(header, rows)


def _of(measured: Sequence[DeliveriesMeasured], kind: Kind, program: str) -> list[DeliveriesMeasured]:
    return [one for one in measured if (one.adapter, one.program) == (kind.name, program)]


def _rate(values: Any) -> str:
    found = list(values)
    return Spread.of(found).rate() if found else "-"
