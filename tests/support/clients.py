"""Test support: a participant as a plain aiokafka client that knows only the published contract."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Received:
    """One message of the participant's `out.` topic."""

    key: str
    headers: dict[str, str]
    value: bytes
    partition: int
    offset: int

    @property
    def type(self) -> str:
        return self.headers["ce_type"]

    @property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.value)
        return parsed


async def _has_started(producer: AIOKafkaProducer) -> bool:
    """Whether a busy broker has let it in; other clients ask again by themselves."""
    try:
        await producer.start()
    except KafkaConnectionError:
        return False
    return True


class Client:
    """Publishes requests and collects everything on its `out.` topic; use as an async context manager."""

    def __init__(self, bootstrap: str, prefix: str, name: str, password: str) -> None:
        self.name = name
        self.in_topic = f"{prefix}in.{name}"
        self.password = password
        self.out_topic = f"{prefix}out.{name}"
        self.inbox: list[Received] = []
        self.settings: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": f"{prefix}{name}",
            "sasl_plain_password": password,
        }
        self._group = f"{prefix}{name}"

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(**self.settings, acks="all", enable_idempotence=True)
        self._consumer = AIOKafkaConsumer(
            self.out_topic,
            group_id=self._group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            **self.settings,
        )
        try:
            await eventually(partial(_has_started, self._producer), 10, f"the log-in of {self._group}")
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            await self._producer.stop()
            raise
        self._task = asyncio.create_task(self._collect())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        # While its broker is away aiokafka 0.14 lets the cancellation of its own fetches out. That would hide
        # what a test has found, and leave the producer to the test that comes next.
        with contextlib.suppress(asyncio.CancelledError):
            await self._consumer.stop()
        await self._producer.stop()

    async def _collect(self) -> None:
        async for record in self._consumer:
            headers = {name: value.decode() for name, value in record.headers}
            self.inbox.append(
                Received((record.key or b"").decode(), headers, record.value, record.partition, record.offset)
            )

    def headers(
        self, event_type: str, subject: str, event_id: str, time: datetime | None = None
    ) -> dict[str, str]:
        """The CloudEvents headers of a request, to be changed by tests of bad input."""
        return {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": f"/participants/{self.name}",
            "ce_type": event_type,
            "ce_time": (time or datetime.now(UTC)).isoformat(),
            "ce_subject": subject,
            "content-type": "application/json",
        }

    async def send(
        self,
        event_type: str,
        subject: str,
        data: dict[str, Any] | bytes,
        *,
        event_id: str | None = None,
        time: datetime | None = None,
        partition: int | None = None,
    ) -> str:
        """Publish a request and return its id; returns when the broker has it."""
        event_id = event_id or str(uuid.uuid4())
        value = data if isinstance(data, bytes) else orjson.dumps(data)
        await self.publish(
            self.headers(event_type, subject, event_id, time), subject.encode(), value, partition
        )
        return event_id

    async def publish(
        self, headers: dict[str, str], key: bytes | None, value: bytes | None, partition: int | None = None
    ) -> tuple[int, int]:
        """Publish anything; returns partition and offset."""
        pairs = [(name, text.encode()) for name, text in headers.items()]
        return await self.publish_raw(pairs, key, value, partition)

    async def publish_raw(
        self,
        pairs: Sequence[tuple[str, bytes | None]],
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
    ) -> tuple[int, int]:
        """As `publish`, with headers of any bytes."""
        sent = await self._producer.send_and_wait(
            self.in_topic, value=value, key=key, headers=list(pairs), partition=partition
        )
        return sent.partition, sent.offset

    def receipts(self, event_id: str) -> list[Received]:
        """All receipts of one request so far."""
        return [m for m in self.inbox if ".receipt." in m.type and m.data.get("request") == event_id]

    async def receipt(self, event_id: str, limit_s: float = 30) -> Received:
        """The first receipt of a request."""
        await eventually(lambda: bool(self.receipts(event_id)), limit_s, f"the receipt of {event_id}")
        return self.receipts(event_id)[0]

    async def receipt_of_type(self, event_id: str, event_type: str, limit_s: float = 30) -> Received:
        """The first receipt of a request that has this type."""

        def found() -> list[Received]:
            return [receipt for receipt in self.receipts(event_id) if receipt.type == event_type]

        await eventually(lambda: bool(found()), limit_s, f"{event_type} for {event_id}")
        return found()[0]

    async def ask(self, event_type: str, subject: str, data: dict[str, Any], **options: Any) -> Received:
        """Publish a request and wait for its receipt."""
        return await self.receipt(await self.send(event_type, subject, data, **options))

    def facts(self, event_type: str, dossier: str | None = None) -> list[Received]:
        """Messages of this type (short: `dossier.accepted`), of one dossier or all."""
        wire = f"onestop.{event_type}.v1"
        return [m for m in self.inbox if m.type == wire and dossier in (None, m.key)]

    async def fact(self, event_type: str, dossier: str | None = None, limit_s: float = 30) -> Received:
        """Wait for a message of this type."""
        await eventually(
            lambda: bool(self.facts(event_type, dossier)), limit_s, f"{event_type} at {self.name}"
        )
        return self.facts(event_type, dossier)[0]
