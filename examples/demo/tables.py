"""What the demo prints at its end: outcomes, refusals, one dossier's life, the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from examples.demo.desk import Traffic
from examples.demo.week import VIETNAM
from tests.support.ledger.verdict import CLASSES, Verdict

ENDS = {
    "returned": "result returned in time",
    "returned_late": "result returned late",
    "declined": "declined (Form 03)",
    "withdrawn": "withdrawn by the applicant",
    "open": "still open at the end of the week",
}
LOST, LODGED, PAID, NOT_PAID = "pickup lost", "lodged on the portal", "paid", "not paid"
FACTS = {
    "onestop.dossier.accepted.v1": "accepted, with due time (Form 01)",
    "onestop.dossier.supplement_requested.v1": "supplements asked for (Form 02)",
    "onestop.apology.sent.v1": "apologies (Form 04)",
    LODGED: "lodged on the national portal",
    "onestop.copy.registered.v1": "copies scanned and signed",
    "onestop.copy.certified.v1": "copies certified by the agency",
    PAID: "payments made",
    NOT_PAID: "payments refused by the bank",
    "onestop.identity.matched.v1": "identity checks: matched",
    "onestop.identity.mismatched.v1": "identity checks: mismatch",
    "onestop.identity.unavailable.v1": "identity checks: could not ask",
    "onestop.identity.checked.v1": "identity papers seen by an officer",
    "onestop.pickup.ordered.v1": "postal orders",
    LOST: "parcels lost by the post",
    "onestop.deadline.near.v1": "deadlines told of before they end",
    "onestop.deadline.missed.v1": "deadlines missed",
    "onestop.rule.violated.v1": "acts accepted late, with their rule",
}


_WORDS = ("stage", "kind", "rule", "direction", "status", "outcome", "channel", "to", "step")
_TIMES = {"due_at": "by", "new_due_at": "now by"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One fact in the life of a dossier."""

    time: datetime
    fact: str
    detail: str
    source: str
    rules: tuple[str, ...]


def print_outcomes(console: Console, ends: Mapping[str, int], facts: Mapping[str, int]) -> None:
    """How the dossiers ended, beside what was recorded on the way."""
    both = Table.grid(padding=(0, 2))
    left = _table("How the dossiers ended", "outcome", "dossiers")
    for name, words in ENDS.items():
        left.add_row(words, str(ends.get(name, 0)))
    right = _table("Recorded on the way", "fact", "count")
    for name, words in FACTS.items():
        right.add_row(words, str(facts.get(name, 0)))
    both.add_row(left, right)
    console.print(both)


def print_refusals(console: Console, traffic: Traffic) -> None:
    """What was refused, by which rule, in the words that the sender got."""
    table = _table("Requests refused", "code")
    table.add_column("rule", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("what the sender reads", overflow="fold")
    rows = sorted(traffic.refusals.items(), key=lambda row: (row[0].rule == "", row[0].code))
    for refusal, count in rows:
        table.add_row(refusal.code, refusal.rule or "-", str(count), refusal.message_vi)
    console.print(table)


def print_timeline(console: Console, title: str, rows: Sequence[Moment]) -> None:
    """The facts of one dossier: legal time, what happened, who asked for it, the rules that were applied."""
    table = _table(title, "legal time")
    table.add_column("fact", no_wrap=True)
    table.add_column("", overflow="fold")
    table.add_column("from", no_wrap=True)
    table.add_column("rules applied", overflow="fold")
    for row in rows:
        table.add_row(_clock(row.time), row.fact, row.detail, row.source, " ".join(row.rules))
    console.print(table)


def moment(time: datetime, stored: Mapping[str, Any]) -> Moment:
    """A row of the timeline from the stored bytes of a fact; personal fields are sealed and not shown."""
    data = stored.get("data", {})
    words = [str(data[name]) for name in _WORDS if name in data]
    times = [
        f"{word} {_clock(datetime.fromisoformat(data[name]))}"
        for name, word in _TIMES.items()
        if data.get(name)
    ]
    return Moment(
        time=time,
        fact=stored["type"].removeprefix("onestop.").removesuffix(".v1"),
        detail=" ".join([*words, *times]),
        source=stored["source"].removeprefix("/participants/"),
        rules=tuple(stored.get("rules", ())),
    )


def _clock(time: datetime) -> str:
    return f"{time.astimezone(VIETNAM):%a %d/%m %H:%M}"


def print_ledger(console: Console, verdict: Verdict) -> None:
    """What the three journals say together."""
    both = Table.grid(padding=(0, 2))
    left = _table("Ledger: what went through", "", "count")
    for name, count in verdict.counts.items():
        if not name.startswith(("conflicts", "redrives", "kills.")):
            left.add_row(name.replace("_", " "), f"{count:,}")
    right = _table("Ledger: what is wrong", "", "found")
    for kind in CLASSES:
        found = verdict.count(kind)
        right.add_row(kind.replace("_", " "), f"[red]{found}[/]" if found else "[green]0[/]")
    both.add_row(left, right)
    console.print(both)
    console.print()
    for finding in verdict.findings[:10]:
        console.print(f"[red]{finding.kind}[/] {finding.what}", highlight=False)


def _table(title: str, first: str, number: str | None = None) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold cyan",
        header_style="dim",
        border_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(first, no_wrap=True)
    if number is not None:
        table.add_column(number, justify="right")
    return table
