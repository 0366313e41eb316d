"""A counter's software: each line an officer enters becomes a request, each answer of the hub a line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from schemas.registry import REQUESTS


class Journal:
    """What is sent and what was received, one line each, on disk before anything else happens with it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rpartition(b"\n")
        self._file.truncate(len(whole[0] + whole[1]))  # a crash may have cut the last line
        lines = [json.loads(line) for line in whole[0].splitlines()]
        self.received = {line["received"] for line in lines if "received" in line}
        taken = {line["taken"] for line in lines if "taken" in line}
        self.not_taken = [line for line in lines if "sent" in line and line["sent"] not in taken]

    def write(self, line: Mapping[str, object]) -> None:
        """Append one line; returns when it is on disk."""
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file.fileno())


class Counter:
    """The participant `KAFKA_USER`: writes its `in.` topic, reads its `out.` topic."""

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
            f"out.{self.name}", **connection, group_id=self.name, auto_offset_reset="earliest",
            enable_auto_commit=False,
        )  # fmt: skip

    async def enter(self, entry: Mapping[str, Any]) -> None:
        """Send what an officer entered: `type`, `subject`, `data`, and `id` only to send it once more."""
        kind = f"onestop.{entry['type']}.v1"
        value = json.dumps(entry["data"], ensure_ascii=False)
        REQUESTS[kind].model_validate_json(value)
        line = {
            "sent": entry.get("id") or str(uuid4()),
            "type": kind,
            "subject": entry["subject"],
            "at": self._now().isoformat(),
            "value": value,
        }
        self._journal.write(line)
        await self._publish(line)

    async def enter_again(self) -> None:
        """Send what the broker had not taken when the program stopped; the hub acts on each id once."""
        for line in self._journal.not_taken:
            await self._publish(line)

    async def _publish(self, line: Mapping[str, str]) -> None:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": line["sent"],
            "ce_source": f"/participants/{self.name}",
            "ce_type": line["type"],
            "ce_time": line["at"],
            "ce_subject": line["subject"],
            "content-type": "application/json",
        }
        place = await self.producer.send_and_wait(
            f"in.{self.name}",
            line["value"].encode(),
            key=line["subject"].encode(),
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        self._journal.write({"taken": line["sent"], "partition": place.partition, "offset": place.offset})

    async def receive(self) -> AsyncIterator[dict[str, Any]]:
        """Every message of the hub once, however often it comes."""
        async for record in self.consumer:
            headers = {name: value.decode() for name, value in record.headers}
            if headers["ce_id"] not in self._journal.received:
                yield {
                    "type": headers["ce_type"],
                    "dossier": record.key.decode(),
                    "data": json.loads(record.value),
                }
            self._journal.write(received_line(headers, record))
            self._journal.received.add(headers["ce_id"])
            await self.consumer.commit()

    def _now(self) -> datetime:
        shift_s = float(Path(self._clock_file).read_text()) if self._clock_file else 0.0
        return datetime.now(UTC) + timedelta(seconds=shift_s)


def received_line(headers: Mapping[str, str], record: ConsumerRecord) -> dict[str, object]:
    """A received message as the journal keeps it."""
    return {
        "received": headers["ce_id"],
        "type": headers["ce_type"],
        "dossier": record.key.decode(),
        "partition": record.partition,
        "offset": record.offset,
        "sequence": headers.get("ce_sequence"),
        "cause": headers.get("ce_causationid"),
        "value": record.value.decode(),
    }


async def entered_lines() -> AsyncIterator[bytes]:
    """The lines of standard input."""
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


async def show(counter: Counter) -> None:
    """Write each message of the hub as one line."""
    async for message in counter.receive():
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        sys.stdout.flush()


async def run(environment: Mapping[str, str]) -> None:
    """Work until the input ends; a request that the broker does not take ends the program."""
    counter = Counter(environment)
    async with counter.producer, counter.consumer, asyncio.TaskGroup() as tasks:
        showing = tasks.create_task(show(counter))
        await counter.enter_again()
        async for line in entered_lines():
            tasks.create_task(counter.enter(json.loads(line)))
        showing.cancel()


if __name__ == "__main__":
    asyncio.run(run(os.environ))
