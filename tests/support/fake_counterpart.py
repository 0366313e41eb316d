"""A counterpart that is not idempotent, with an fsynced journal and scripted faults, and its adapter.

Started as a module it runs the adapter's runtime in a process of its own, which a fault may kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from prometheus_client import CollectorRegistry

from hub.delivery.adapter import OutMessage, Polled, Report
from hub.delivery.context import AskTime
from hub.delivery.host import Connection, Host
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.outcome import NOTED, Delivered, NotFound, Outcome, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.runtime import run_adapter
from hub.settings import KafkaSettings

Fault = Literal[
    "reject", "later", "note", "lost_before", "lost_after", "hang_after", "bug", "crash_after", "odd_answer"
]
EFFECT_TYPE = "onestop.effect.wanted.v1"
REPORT_TYPE = "onestop.effect.report.v1"
NEVER = "onestop.effect.never_handled.v1"


@dataclass(slots=True)
class FakeCounterpart:
    """Implements `hub.delivery.adapter.Adapter`; every call that passes is one more journaled effect."""

    journal: Path
    name: str = "fake"
    settling_s: float = 0.0
    poll_interval_s: float | None = None
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """Faults per message id, taken in order; then all goes well."""
    unfit: set[str] = field(default_factory=set)
    """Types of message on which the adapter fails."""
    is_mute: bool = False
    """Queries are not answered."""
    work_s: float = 0.0
    is_report_broken: bool = False
    report_prefix: str = "report-"
    feed: list[str] = field(default_factory=list)
    page_size: int = 2
    poll_failures: int = 0
    poll_unreadable: int = 0
    poll_is_partial: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)
    most_running: int = 0
    most_per_dossier: int = 0
    ask_time: AskTime | None = None

    def use_clock(self, ask_time: AskTime) -> None:
        self.ask_time = ask_time

    def handles(self, message_type: str) -> bool:
        if message_type in self.unfit:
            raise RuntimeError("a bug of the adapter")
        return message_type == EFFECT_TYPE

    async def deliver(self, message: OutMessage) -> Outcome:
        self.calls.append(("deliver", message.id))
        self.running[message.dossier] = self.running.get(message.dossier, 0) + 1
        self.most_running = max(self.most_running, sum(self.running.values()))
        self.most_per_dossier = max(self.most_per_dossier, self.running[message.dossier])
        try:
            await asyncio.sleep(self.work_s)
            return await self._deliver(message)
        finally:
            self.running[message.dossier] -= 1

    async def _deliver(self, message: OutMessage) -> Outcome:
        waiting = self.faults.get(message.id)
        match waiting.pop(0) if waiting else None:
            case "reject":
                return Rejected("fake.no", "không được", "no")
            case "later":
                return RetryAt(0.0, "busy")
            case "note":
                return NOTED
            case "lost_before":
                return Unknown("cut before")
            case "lost_after":
                self._apply(message)
                return Unknown("cut after")
            case "hang_after":
                self._apply(message)
                await asyncio.Event().wait()
            case "bug":
                self._apply(message)
                raise KeyError("a bug of the adapter")
            case "odd_answer":
                self._apply(message)
                return Delivered({"number": float("inf")})
            case "crash_after":
                self._apply(message)
                os.kill(os.getpid(), signal.SIGKILL)
        self._apply(message)
        return Delivered({"number": message.id})

    async def query(self, message: OutMessage) -> QueryOutcome:
        self.calls.append(("query", message.id))
        if self.is_mute:
            return Unknown("no answer")
        known = any(entry["id"] == message.id for entry in self.effects())
        return Delivered({"number": message.id}) if known else NotFound()

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        if self.is_report_broken:
            raise ValueError("a bug of the adapter")
        return self._report(message, type(outcome).__name__.lower(), at)

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        return self._report(message, f"gave up: {why}", at)

    def _report(self, message: OutMessage, outcome: str, at: datetime) -> Report:
        data = json.dumps({"message": message.id, "outcome": outcome}).encode()
        return Report(f"{self.report_prefix}{message.id}", REPORT_TYPE, message.subject, at, data)

    async def poll(self, cursor: str | None) -> Polled:
        self.calls.append(("poll", cursor or ""))
        if self.poll_failures:
            self.poll_failures -= 1
            raise OSError("the counterpart is away")
        start = int(cursor or 0)
        page = self.feed[start : start + self.page_size]
        now = datetime(2026, 3, 10, tzinfo=UTC)
        reports = tuple(Report(f"poll-{event}", REPORT_TYPE, "d-1", now, b'{"polled":1}') for event in page)
        unreadable, self.poll_unreadable = self.poll_unreadable, 0
        is_more = start + len(page) < len(self.feed)
        return Polled(reports, str(start + len(page)), is_more, unreadable, self.poll_is_partial)

    async def aclose(self) -> None:
        self.calls.append(("aclose", ""))

    def effects(self) -> list[dict[str, Any]]:
        """Every journaled effect, in order."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]

    def _apply(self, message: OutMessage) -> None:
        entry = {"id": message.id, "dossier": message.dossier, "sequence": message.sequence}
        with self.journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass(slots=True)
class NotingCounterpart(FakeCounterpart):
    """Implements `hub.delivery.host.Hosted` too: messages of the dossiers in `notes` are only noted."""

    notes: frozenset[str] = frozenset()

    async def attach(self, desk: Host) -> None:
        pass

    async def keep(self, connection: Connection, messages: Sequence[OutMessage]) -> Collection[str]:
        over = [message.id for message in messages if message.dossier in self.notes]
        await connection.execute("create table if not exists noted (message text primary key)")
        await connection.executemany("insert into noted values ($1)", [(name,) for name in over])
        return over

    async def serve(self) -> None:
        """No door; nobody asks this process how it is."""
        await asyncio.Event().wait()


async def run_child(config: dict[str, Any]) -> None:
    """Run the runtime with a fake counterpart until SIGTERM; `config` comes from `child_config`."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    counterpart = FakeCounterpart(Path(config["journal"]), config["name"], faults=config["faults"])
    kafka = KafkaSettings(**config["kafka"])
    await run_adapter(
        counterpart,
        kafka,
        config["dsn"],
        environment="test",
        options=DeliveryOptions(**config["options"]),
        stop=stop,
        metrics=DeliveryMetrics(CollectorRegistry()),
    )


if __name__ == "__main__":
    asyncio.run(run_child(json.loads(sys.argv[1])))
