"""An agency's case system: takes in what the one-stop forwards, and sends what its officers decide."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from logging import getLogger
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from aiokafka import ConsumerRecord
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512

from schemas.base import Request
from schemas.case import AssignCase
from schemas.dossier import DossierForwarded, ReceiveDossier
from schemas.party import Officer
from schemas.registry import REQUESTS


class Agency:
    """The participant `KAFKA_USER`; its journal is on disk before a request leaves."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.name = environment["KAFKA_USER"]
        # Standard output is the officers' screen: FastStream's own log would go there.
        self.broker = KafkaBroker(
            environment["KAFKA_BOOTSTRAP"].split(","), acks="all", enable_idempotence=True,
            security=SASLScram512(self.name, environment["KAFKA_PASSWORD"], use_ssl=False),
            logger=getLogger("agency"),
        )  # fmt: skip
        self._journal = os.open(environment["AGENCY_JOURNAL"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._clock_file = environment.get("CLOCK_FILE")
        account, name = environment["AGENCY_OFFICER"].split(":")
        self.officer = Officer(account=account, name=name)

    async def send(self, subject: str, request: Request, event_id: str) -> None:
        """Publish a request; returns when the broker has it."""
        headers = {
            "ce_specversion": "1.0", "ce_id": event_id, "ce_source": f"/participants/{self.name}",
            "ce_type": request.type, "ce_time": self._now().isoformat(), "ce_subject": subject,
            "content-type": "application/json",
        }  # fmt: skip
        value, topic = request.model_dump_json(exclude_none=True), f"in.{self.name}"
        self._write({"sent": event_id, "type": request.type, "subject": subject, "value": value})
        place = await self.broker.publish(value.encode(), topic, key=subject.encode(), headers=headers)
        self._write({"taken": event_id, "partition": place.partition, "offset": place.offset})

    async def take_in(self, message_id: str, subject: str) -> None:
        """Acknowledge a forwarded dossier and assign it; a repeated message repeats the same two ids."""
        for request in (ReceiveDossier(officer=self.officer), AssignCase(assignee=self.officer)):
            await self.send(subject, request, str(uuid5(NAMESPACE_URL, f"{message_id} {request.type}")))

    def note(self, message: KafkaMessage, record: ConsumerRecord) -> None:
        """Keep which message of the hub was handled."""
        headers = message.headers
        line = {"received": headers["ce_id"], "type": headers["ce_type"], "dossier": record.key.decode()}
        line |= {"partition": record.partition, "offset": record.offset, "value": message.body.decode()}
        self._write({**line, "sequence": headers.get("ce_sequence"), "cause": headers.get("ce_causationid")})

    def _write(self, line: Mapping[str, object]) -> None:
        os.write(self._journal, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._journal)

    def _now(self) -> datetime:
        shift_s = float(Path(self._clock_file).read_text()) if self._clock_file else 0.0
        return datetime.now(UTC) + timedelta(seconds=shift_s)


async def work(agency: Agency, app: FastStream) -> None:
    """Send what officers enter, a JSON line a request (`type`, `subject`, `data`), until the input ends."""
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        async for line in reader:
            entry: dict[str, Any] = json.loads(line)
            model = REQUESTS[f"onestop.{entry['type']}.v1"]
            request = model.model_validate_json(json.dumps(entry["data"]))
            await agency.send(entry["subject"], request, entry.get("id") or str(uuid4()))
    finally:
        app.exit()


def build(environment: Mapping[str, str] = os.environ) -> FastStream:
    """The application; its environment variables stand in the README."""
    agency = Agency(environment)
    app, retry = FastStream(agency.broker), AckPolicy.NACK_ON_ERROR
    desk: list[asyncio.Task[None]] = []

    @agency.broker.subscriber(
        f"out.{agency.name}", group_id=agency.name, auto_offset_reset="earliest", ack_policy=retry
    )
    async def take(message: KafkaMessage) -> None:
        kind, record = message.headers["ce_type"], message.raw_message
        assert isinstance(record, ConsumerRecord)  # not a batch
        if kind == DossierForwarded.type:
            await agency.take_in(message.headers["ce_id"], message.headers["ce_subject"])
        shown = {"type": kind, "dossier": record.key.decode(), "data": json.loads(message.body)}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        agency.note(message, record)

    @app.after_startup
    async def open_desk() -> None:
        desk.append(asyncio.create_task(work(agency, app)))

    return app


if __name__ == "__main__":
    asyncio.run(build().run())
