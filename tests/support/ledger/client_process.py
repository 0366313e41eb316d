"""Ledger: a participant as a process of its own (argument: a JSON file): plain aiokafka, own journal."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.support.ledger.evidence import Delivered
from tests.support.ledger.journal import Journal
from tests.support.ledger.lives import Heard, Me, Planned, openings, react
from tests.support.ledger.mailbox import Letter, delivered, received_line, request_line, unresolved
from tests.support.ledger.post import Post, Posting

PACE_FILE = "pace"
"""How many dossiers each counter may have opened by now, written by the runner."""
_SUBMIT = "onestop.dossier.submit.v1"


@dataclass(frozen=True, slots=True)
class Config:
    """What the runner tells a participant; `window` open requests at a time (counters only)."""

    name: str
    role: str
    seed: int
    number: int
    mates: int
    bootstrap: str
    prefix: str
    password: str
    folder: str
    window: int = 40

    @property
    def settings(self) -> dict[str, Any]:
        """How it connects."""
        return {
            "bootstrap_servers": self.bootstrap, "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": f"{self.prefix}{self.name}",
            "sasl_plain_password": self.password,
        }  # fmt: skip


class Effects:
    """A counterpart's journal: an effect of a key happens once and keeps its time; repeats are counted."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._done = {line["effect"]: line for line in self._journal.recovered if "effect" in line}

    def once(self, key: str, message: str) -> str:
        """Let it happen unless it has; returns its time."""
        known = self._done.get(key)
        if known is None:
            known = {"effect": key, "message": message, "at": datetime.now(UTC).isoformat()}
            self._journal.write([known])
            self._done[key] = known
        elif known["message"] != message:
            self._journal.write([{"repeat": key, "message": message, "at": datetime.now(UTC).isoformat()}])
        return str(known["at"])


class Participant:
    """Hears, journals, then acts; after a kill it goes on from its journal."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = Path(config.folder)
        self._me = Me(config.name, config.role, config.seed, config.number, config.mates)
        self._journal = Journal(self._folder / f"{config.name}.jsonl")
        self._effects = Effects(self._folder / f"{config.name}.effects.jsonl")
        topic = f"{config.prefix}in.{config.name}"
        self._post = Post(config.settings, config.name, topic, self._journal, config.seed)
        self._requests: dict[str, tuple[str, str]] = {}
        self._own: dict[str, str] = {}
        self._heard: set[str] = set()
        self._open: set[str] = set()
        self._submitted = 0
        self._position = 0
        self._recover(self._journal.recovered)

    def _recover(self, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            if line["kind"] == "request":
                self._remember(line["id"], line["type"], line["subject"], line["class"])
            elif line["kind"] == "received":
                self._heard.add(line["id"])
                self._open.discard(line["request"])
                self._own_reference(line["dossier"], line["request"] or line["cause"])

    def _remember(self, request_id: str, event_type: str, subject: str, kind: str) -> None:
        self._position += 1
        if kind == "plain":
            self._requests[request_id] = (event_type, subject)
            self._open.add(request_id)
            self._submitted += event_type == _SUBMIT

    def _own_reference(self, dossier: str, cause: str | None) -> str | None:
        event_type, subject = self._requests.get(cause or "", ("", ""))
        if event_type == _SUBMIT:
            self._own[dossier] = subject
        return self._own.get(dossier)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        await self._post.open()
        for letter in unresolved(self._journal.recovered):
            self._post.put(Posting(letter))
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell_status())]
        if self._config.role == "counter":
            tasks.append(asyncio.create_task(self._open_dossiers()))
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, waiting):
            task.cancel()
        await self._post.close()
        for task in done - {waiting}:
            task.result()

    # Hearing

    async def _listen(self) -> None:
        topic = f"{self._config.prefix}out.{self._config.name}"
        group = f"{self._config.prefix}{self._config.name}"
        while True:
            consumer = AIOKafkaConsumer(
                topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                session_timeout_ms=6000, **self._config.settings,
            )  # fmt: skip
            try:
                await consumer.start()
                while True:
                    batches = await consumer.getmany(timeout_ms=200, max_records=500)
                    if batches:
                        self._hear([record for records in batches.values() for record in records])
                        await consumer.commit(
                            {TopicPartition(tp.topic, tp.partition): records[-1].offset + 1
                             for tp, records in batches.items()}
                        )  # fmt: skip
            except KafkaError:
                await asyncio.sleep(0.3)
            finally:
                with contextlib.suppress(KafkaError, TimeoutError):
                    await asyncio.wait_for(consumer.stop(), 5)

    def _hear(self, records: Sequence[Any]) -> None:
        lines: list[dict[str, Any]] = []
        postings: list[tuple[Posting, float]] = []
        for record in records:
            message = delivered(self._config.name, record)
            if message.id in self._heard:
                lines.append({"kind": "again", "id": message.id})
                continue
            self._heard.add(message.id)
            for planned in self._reactions(message, record):
                self._plan(planned, lines, postings)
            lines.append(received_line(message))
        self._journal.write(lines)
        self._hand_over(postings)

    def _reactions(self, message: Delivered, record: Any) -> list[Planned]:
        answers = None
        if message.is_receipt:
            self._open.discard(message.request or "")
            known = self._requests.get(message.request or "")
            if known is None or not message.is_accepted:
                return []
            answers = known[0]
        data = orjson.loads(record.value)
        at = ""
        if message.effect is not None:
            at = self._effects.once(message.effect, message.id)
        reference = self._own_reference(message.dossier, message.request or message.cause)
        return react(self._me, Heard(message.id, message.type, message.dossier, data, answers, reference, at))

    # Acting

    async def _open_dossiers(self) -> None:
        """As many as the runner allows by now, and no more than the window at a time."""
        source = openings(self._me)
        for _ in range(self._submitted):
            next(source)
        while True:
            if len(self._open) >= self._config.window or self._submitted >= self._allowed():
                await asyncio.sleep(0.02)
                continue
            lines: list[dict[str, Any]] = []
            postings: list[tuple[Posting, float]] = []
            self._plan(next(source), lines, postings)
            self._journal.write(lines)
            self._hand_over(postings)
            await asyncio.sleep(0)

    def _allowed(self) -> int:
        pace = self._folder / PACE_FILE
        return int(pace.read_text() or 0) if pace.exists() else 0

    def _plan(
        self, planned: Planned, lines: list[dict[str, Any]], postings: list[tuple[Posting, float]]
    ) -> None:
        if planned.id in self._requests:
            return
        letter = Letter(
            planned.id, planned.type, planned.subject, orjson.dumps(planned.data), "plain", planned.marker
        )
        for posting, delay_s in with_mishaps(letter, self._config.seed):
            self._note(posting.letter, lines)
            postings.append((posting, delay_s))

    def _note(self, letter: Letter, lines: list[dict[str, Any]]) -> None:
        if letter.kind == "plain" and letter.id in self._requests:
            return
        self._remember(letter.id, letter.type, letter.subject, letter.kind)
        lines.append(request_line(letter, self._position))

    def _hand_over(self, postings: Iterable[tuple[Posting, float]]) -> None:
        for posting, delay_s in postings:
            if delay_s:
                self._post.put_later(posting, delay_s)
            else:
                self._post.put(posting)

    async def _tell_status(self) -> None:
        path = self._folder / f"{self._config.name}.status"
        while True:
            status = {"queued": self._post.queued, "open": len(self._open), "heard": len(self._heard),
                      "requests": self._position}  # fmt: skip
            fresh = path.with_suffix(".new")
            fresh.write_bytes(orjson.dumps(status))
            fresh.replace(path)
            await asyncio.sleep(0.3)


def with_mishaps(letter: Letter, seed: int) -> list[tuple[Posting, float]]:
    """A letter and what goes wrong with it: copies, its id on other bytes, broken bytes before it (pure)."""
    chance = random.Random(f"{seed}:{letter.id}")  # noqa: S311  a seeded simulation
    first = (Posting(letter), 0.0)
    match chance.choices(("fine", "again", "stray", "later", "reuse", "broken"), (90, 3, 2, 3, 1, 1))[0]:
        case "again":
            return [first, first]
        case "stray":
            return [(Posting(letter, is_stray=True), 0.0), first]
        case "later":
            return [first, (Posting(letter), 1 + 3 * chance.random())]
        case "reuse":
            other = Letter(letter.id, letter.type, letter.subject, letter.value + b" ", "reuse")
            return [first, (Posting(other), 0.0)]
        case "broken":
            broken = Letter(f"bad-{letter.id}", letter.type, letter.subject, letter.value[:-1], "malformed")
            return [(Posting(broken), 0.0), first]
        case _:
            return [first]


async def main(config: Config) -> None:
    """Run one participant until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Participant(config).run(stop)


if __name__ == "__main__":
    asyncio.run(main(Config(**orjson.loads(Path(sys.argv[1]).read_bytes()))))
