"""The table of the speed targets, made of the raw results of the jobs (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.results import Spread, page, ratio_text, table

Raw = Mapping[str, Any]
"""One result of a job, as it stands in its JSON."""
Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class Done:
    """One job in one round: where and when, what failed of it, and all of its results."""

    part: str
    round: int
    commit: str
    at: str
    failed: tuple[str, ...]
    raw: tuple[Raw, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` / `theirs`, or their difference, by names of `values_of`; without a target it is only shown.

    `is_most`: the target is the most that is allowed, and not the least.
    """

    title: str
    part: str
    ours: str
    theirs: str
    target: float | None
    stretch: float | None = None
    is_most: bool = False
    is_difference: bool = False

    def of(self, values: Values) -> float | None:
        """In one round; None where one of the two was not measured."""
        if self.ours not in values or self.theirs not in values:
            return None
        ours, theirs = values[self.ours], values[self.theirs]
        return ours - theirs if self.is_difference else ours / theirs

    def meets(self, measured: float, wanted: float) -> bool:
        """Whether it is good enough."""
        return measured <= wanted if self.is_most else measured >= wanted


def _latency(rate: int, p50: tuple[float, float], p99: float | None) -> Iterable[Row]:
    hub, copy = f"{rate} hub-1", f"{rate} copy-pipelined"
    title = f"at {rate:,}/s, of the copy loop's (commit once a second)"
    yield Row(f"latency p50 {title}", "latency", f"p50 {hub}", f"p50 {copy}", *p50, is_most=True)
    if p99 is not None:
        yield Row(f"latency p99 {title}", "latency", f"p99 {hub}", f"p99 {copy}", p99, is_most=True)


ROWS: tuple[Row, ...] = (
    Row("copy loop, send(), commit per batch, 1 engine", "core", "hub-1", "copy-send", 0.58, 0.65),
    Row("the same, 2 engines", "core", "hub-2", "copy-send", 0.75, 0.95),
    Row("quixstreams, 1 process each", "core", "hub-1", "quix-1", 1.1, 1.3),
    Row("quixstreams, 2 processes each", "core", "hub-2", "quix-2", 1.2, 1.9),
    Row("bytewax with recovery, 1 process each", "core", "hub-1", "bytewax-1", 0.7, 1.1),
    Row("bytewax with recovery, 2 processes each", "core", "hub-2", "bytewax-2", 0.8, 1.2),
    Row("plain aiokafka, PostgreSQL per message", "messages", "hub-1", "plain-message", 40),
    Row("FastStream, PostgreSQL per message", "messages", "hub-1", "faststream-message", 55),
    Row("DBOS with its Kafka consumer", "messages", "hub-1", "dbos", 30),
    Row("Kafka Streams (Java), exactly once", "streams", "hub-1", "kafka-streams", None),
    Row("product job, 1 engine, of the copy loop", "product", "product hub-1", "product copy", 0.27, 0.35),
    Row("the same, 2 engines", "product", "product hub-2", "product copy", 0.36, 0.5),
    *_latency(200, (2, 1.5), 2),
    *_latency(2_000, (3.5, 2.5), 2.5),
    *_latency(5_000, (5, 4), None),
    Row(
        "busy cores of the whole rig at 200/s, above those of the copy loop's", "latency",
        "busy 200 hub-1", "busy 200 copy-pipelined", 0.2, 0.1, is_most=True, is_difference=True,
    ),
    Row(
        "times slower with 1,000,000 stored dossiers than with 10,000", "stored",
        "stored 10000", "stored 1000000", 1.5, is_most=True,
    ),
    Row(
        "times slower with 5,000,000 stored dossiers than with 10,000", "stored",
        "stored 10000", "stored 5000000", 2, is_most=True,
    ),
    Row("gateway, 100 clients, of a Kafka participant", "gateway", "gateway gateway", "gateway kafka", 0.8),
    Row("deliveries of a plain loop: population", "deliveries", "population adapter", "population loop", 0.5),
    Row("deliveries of a plain loop: postal", "deliveries", "postal adapter", "postal loop", 0.5),
    Row("deliveries of a plain loop: portal", "deliveries", "portal adapter", "portal loop", 0.5),
)  # fmt: skip


def _of_core(one: Raw) -> Values:
    return {one["contender"]: one["events_per_s"]}


def _of_latency(one: Raw) -> Values:
    where = f"{one['rate']} {one['program']}"
    return {
        f"p50 {where}": one["p50_ms"], f"p99 {where}": one["p99_ms"], f"busy {where}": one["busy_cores"],
    }  # fmt: skip


_READ: Mapping[str, Callable[[Raw], Values]] = {
    "core": _of_core,
    "messages": _of_core,
    "streams": _of_core,
    "product": lambda one: {f"product {one['program'].removesuffix('-send')}": one["events_per_s"]},
    "latency": _of_latency,
    "stored": lambda one: {f"stored {one['stored']}": one["measured"]["events_per_s"]},
    "gateway": lambda one: {f"gateway {one['way']}": one["receipts_per_s"]},
    "deliveries": lambda one: {f"{one['adapter']} {one['program']}": one["per_s"]},
}


def values_of(done: Iterable[Done]) -> dict[int, Values]:
    """By round, the numbers of all jobs under the names that rows use."""
    found: dict[int, Values] = {}
    for one in done:
        for raw in one.raw:
            found.setdefault(one.round, {}).update(_READ[one.part](raw))
    return found


def targets_page(
    machine: Mapping[str, Any], plan: Mapping[str, Any], done: Sequence[Done], left_out: Mapping[str, str]
) -> str:
    """The whole page; `left_out` says of parts why they could not run here."""
    about = (
        f"All rows of the table of targets, {plan['rounds']} interleaved rounds of all jobs: "
        f"{plan['events']:,} events of the core job ({plan['slow_events']:,} for programs that work by the "
        f"message), {plan['product_events']:,} of the product job, {plan['seconds']:g} s at each rate. "
        "Ratios are taken in each round; medians, lowest and highest in brackets. Outputs are checked by "
        "each job; what failed has no number. A ratio is hub / it where nothing else is said."
    )
    values = values_of(done)
    return page("Targets", about, machine, [_rows(values, left_out), _parts(done)])


def _rows(values: Mapping[int, Values], left_out: Mapping[str, str]) -> str:
    rows = []
    for row in ROWS:
        rounds = [found for one in values.values() if (found := row.of(one)) is not None]
        measured = Spread.of(rounds) if rounds else None
        rows.append((
            row.title, ratio_text(measured), _wanted(row, row.target), _wanted(row, row.stretch),
            _judged(row, measured, left_out), str(len(rounds)),
        ))  # fmt: skip
    header = ("against", "measured", "target", "stretch", "", "rounds")
    return table(header, rows)


def _wanted(row: Row, number: float | None) -> str:
    return "-" if number is None else f"{'<=' if row.is_most else '>='} {number:g}"


def _judged(row: Row, measured: Spread | None, left_out: Mapping[str, str]) -> str:
    if measured is None:
        return f"not measured: {left_out[row.part]}" if row.part in left_out else "not measured"
    if row.target is None:
        return "shown, not promised"
    if not row.meets(measured.median, row.target):
        return "**missed**"
    is_further = row.stretch is not None and row.meets(measured.median, row.stretch)
    return "met, and its stretch" if is_further else "met"


def _parts(done: Sequence[Done]) -> str:
    rows = []
    for part in dict.fromkeys(one.part for one in done):
        own = [one for one in done if one.part == part]
        foreign = [raw.get("measured", raw)["foreign_cores"] for one in own for raw in one.raw]
        rows.append((
            part, str(len(own)), ", ".join(dict.fromkeys(one.commit for one in own)),
            Spread.of(foreign).rate() if foreign else "-",
            "; ".join(what for one in own for what in one.failed) or "-",
        ))  # fmt: skip
    return "## Jobs\n\n" + table(("job", "rounds", "commit", "foreign cores", "failed"), rows)
