"""What neither the record of a procedure nor a completion says, and what follows from that (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.regulation.catalogue import Procedure
from hub.regulation.sections import Channel

What = Literal[
    "time", "several_times", "fee", "need_of_papers", "digitising", "results", "process", "approval",
    "announced", "first_day",
]  # fmt: skip
REMEDIES: dict[What, str] = {
    "time": "no usable handling time: correct the record; until then an officer names it (`named_time`)",
    "several_times": "several times: officers name one by `case` at acceptance",
    "fee": "no amount: enter the approved schedule (`schedules`), else it is neither asked nor taken",
    "need_of_papers": "required or optional? (`need`); until then an officer confirms each absent one",
    "digitising": "on the list to be digitised? (`digitise`); until then senders say it",
    "results": "no code of a result: correct the record; until then any paper counts as one",
    "process": "the approved internal process (`steps`); until then any step is taken",
    "approval": "by whom and with which decision that process was approved (`process_approved`, 9.4)",
    "announced": "the decision that announces it, with number, day and issuer (`announced`, 3.8, 19.2)",
    "first_day": "no first day: it is in force for nobody",
}


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """One thing that is open; `where` says of which channel, paper or fee."""

    what: What
    where: str = ""


def open_points(procedure: Procedure, on: date) -> tuple[OpenPoint, ...]:
    """In the order of the record."""
    return tuple(_open(procedure, on))


def _open(procedure: Procedure, on: date) -> Iterator[OpenPoint]:
    if procedure.in_force_from is None:
        yield OpenPoint("first_day")
    for channel in sorted(procedure.channels):
        yield from _of_channel(procedure, channel, on)
    papers = [one for one in procedure.components if one.need is None and one.one_of is None]
    if papers:
        yield OpenPoint("need_of_papers", f"{len(papers)} of {len(procedure.components)}")
    silent = [one for one in procedure.components if one.digitise is None]
    if silent:
        yield OpenPoint("digitising", f"{len(silent)} of {len(procedure.components)}")
    if not any(one.code for one in procedure.results):
        yield OpenPoint("results")
    if not procedure.steps:
        yield OpenPoint("process")
    elif procedure.process_approved is None:
        yield OpenPoint("approval")
    if procedure.announced is None:
        yield OpenPoint("announced")


def _of_channel(procedure: Procedure, channel: Channel, on: date) -> Iterator[OpenPoint]:
    if procedure.handling_time(channel) is None:
        yield OpenPoint("several_times" if procedure.choices(channel) else "time", channel)
    for fee in procedure.channels[channel].fees:
        if fee.amount is None and procedure.schedule(fee.kind, channel, on) is None:
            yield OpenPoint("fee", f"{channel}: {fee.kind}")
