"""A counter's software: each line an officer enters becomes a request, each answer of the hub a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.registry import REQUESTS


class Journal:
    """What was sent and what was received, one line each, on disk before anything else happens with it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rpartition(b"\n")
        self._file.truncate(len(whole[0] + whole[1]))  # a crash may have cut the last line
        lines = map(json.loads, whole[0].splitlines())
        self.seen = {line["received"] for line in lines if "received" in line}

    def write(self, line: Mapping[str, object]) -> None:
        """Append one line; returns when it is on disk."""
        self._file.write(json.dumps(line).encode() + b"\n")
        os.fsync(self._file.fileno())


class Counter:
    """The participant `KAFKA_USER`: publishes to its `in.` topic, reads its `out.` topic."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.name = environment["KAFKA_USER"]
        self._journal = Journal(Path(environment["COUNTER_JOURNAL"]))
        self._clock_file = environment.get("CLOCK_FILE")
        connection = {
            "bootstrap_servers": environment["KAFKA_BOOTSTRAP"],
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.name,
            "sasl_plain_password": environment["KAFKA_PASSWORD"],
        }
        self.producer = AIOKafkaProducer(**connection, acks="all", enable_idempotence=True)
        self.consumer = AIOKafkaConsumer(
            f"out.{self.name}",
            **connection,
            group_id=self.name,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    async def send(self, entry: Mapping[str, Any]) -> asyncio.Future[Any]:
        """Publish what an officer entered; the future is done when the broker has it.

        `entry`: `type` (short or whole), `subject`, `data`, and `id` only to send a request once more.
        """
        event_type = entry["type"]
        if event_type not in REQUESTS:
            event_type = f"onestop.{event_type}.v1"
        REQUESTS[event_type].model_validate_json(json.dumps(entry["data"]))
        event_id = entry.get("id") or str(uuid4())
        value = json.dumps(entry["data"], ensure_ascii=False).encode()
        headers = {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": f"/participants/{self.name}",
            "ce_type": event_type,
            "ce_time": self._now().isoformat(),
            "ce_subject": entry["subject"],
            "content-type": "application/json",
        }
        self._journal.write({"sent": event_id, "type": event_type, "subject": entry["subject"]})
        sent: asyncio.Future[Any] = await self.producer.send(
            f"in.{self.name}",
            value,
            key=entry["subject"].encode(),
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        return sent

    async def receive(self) -> AsyncIterator[dict[str, Any]]:
        """Every message of the hub once, however often it comes."""
        async for record in self.consumer:
            headers = {name: value.decode() for name, value in record.headers}
            if headers["ce_id"] not in self._journal.seen:
                self._journal.write({"received": headers["ce_id"], "type": headers["ce_type"]})
                self._journal.seen.add(headers["ce_id"])
                yield {
                    "type": headers["ce_type"],
                    "dossier": record.key.decode(),
                    "data": json.loads(record.value),
                }
            await self.consumer.commit()

    def _now(self) -> datetime:
        shift_s = float(Path(self._clock_file).read_text()) if self._clock_file else 0.0
        return datetime.now(UTC) + timedelta(seconds=shift_s)


async def entered_lines() -> AsyncIterator[bytes]:
    """The lines of standard input."""
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


async def show(counter: Counter) -> None:
    """Write each message of the hub as one line."""
    async for message in counter.receive():
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        sys.stdout.flush()


async def run(counter: Counter) -> None:
    """Work until the input ends."""
    async with counter.producer, counter.consumer, asyncio.TaskGroup() as tasks:
        showing = tasks.create_task(show(counter))
        async for line in entered_lines():
            tasks.create_task(confirmed(await counter.send(json.loads(line))))
        showing.cancel()


async def confirmed(sent: asyncio.Future[Any]) -> None:
    """Wait for the broker; a request it did not take ends the program instead of being forgotten."""
    await sent


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(Counter(os.environ)))
