"""The direct way: a participant's aiokafka producer and consumer, shared by its clients."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.events import event_headers
from bench.gateway_requests import Answer
from bench.product_events import Planned

_LIMIT_S = 60.0


class KafkaDoor:
    """Sends on `in.` and reads receipts on `out.` with the participant's rights; an async context manager."""

    def __init__(self, client: dict[str, Any], prefix: str, participant: str, partitions: int) -> None:
        self._participant = participant
        self._in_topic = f"{prefix}in.{participant}"
        self._out = [TopicPartition(f"{prefix}out.{participant}", number) for number in range(partitions)]
        self._producer = AIOKafkaProducer(**client, enable_idempotence=True, acks="all")
        self._consumer = AIOKafkaConsumer(**client, enable_auto_commit=False)
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._consumer.start()
        self._consumer.assign(self._out)
        await self._consumer.seek_to_end(*self._out)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await self._consumer.stop()
        await self._producer.stop()

    async def ask(self, client: int, planned: Planned) -> Answer:  # noqa: ARG002  the clients share one producer
        """Send with `acks=all` and wait for the receipt; many clients' requests share a produce request."""
        event = planned.event
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[event.id] = answered
        time = datetime.now(UTC).isoformat(timespec="seconds")
        headers = event_headers(event, planned.type, self._participant, time)
        async with asyncio.timeout(_LIMIT_S):
            await self._producer.send_and_wait(
                self._in_topic, event.value, key=event.subject.encode(), headers=headers
            )
            return await answered

    async def _read(self) -> None:
        while True:
            for records in (await self._consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    kind = next(raw for name, raw in record.headers if name == "ce_type")
                    if b".receipt." in kind:
                        self._answer(orjson.loads(record.value), is_refused=b".refused." in kind)

    def _answer(self, body: dict[str, Any], *, is_refused: bool) -> None:
        waiting = self._waiting.pop(body.get("request", ""), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(Answer(body["request"], body["code"] if is_refused else None))
