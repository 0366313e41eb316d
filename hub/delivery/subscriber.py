"""The FastStream handler of `out.<adapter>`: stores the batch, commits, then acknowledges. Nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
from faststream import AckPolicy
from faststream.kafka.annotations import KafkaMessage

from hub.delivery.adapter import OutMessage, Urgent
from hub.delivery.context import AdapterContext
from hub.delivery.gaps import note_gap
from hub.delivery.host import Hosted
from hub.delivery.rows import PoisonRecord, StoredBatch
from hub.delivery.unreadable import ReadableBatches
from hub.delivery.wire import Confirmed, Poison, decode
from hub.errors import StopError
from hub.kafka.client import AIOKafkaConsumer, ConsumerRecord, KafkaError, end_fetching
from hub.kafka.faststream import KafkaBroker
from hub.kafka.reading import NewConsumer
from hub.logs import place_of

_log = logging.getLogger(__name__)
_MAX_VERSION = 100
Records = tuple[ConsumerRecord, ...]
NextBatch = Callable[[AIOKafkaConsumer], Coroutine[Any, Any, Records]]


class Subscriber:
    """Takes the adapter's topic into its tables; `failure` ends with the error of a bug in the handler.

    FastStream goes on with the next batch after an error and would then commit past the lost one, so the
    handler never returns before its batch is stored, and a bug stops the process.
    """

    def __init__(self, parts: AdapterContext, broker: KafkaBroker, new_consumer: NewConsumer) -> None:
        self._parts = parts
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        options = parts.options
        self._subscriber = broker.subscriber(
            parts.out_topic,
            batch=True,
            group_id=parts.group,
            group_instance_id=options.instance,
            session_timeout_ms=options.session_timeout_ms,
            heartbeat_interval_ms=max(options.session_timeout_ms // 5, 200),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            auto_offset_reset="none",
            max_records=options.batch_records,
            batch_timeout_ms=options.fetch_wait_ms,
            parser=_without_headers,
            decoder=_undecoded,
        )
        batches = ReadableBatches(
            new_consumer,
            self._keep_poison,
            partial(note_gap, parts),
            max_records=options.batch_records,
            wait_ms=options.fetch_wait_ms,
        )
        self._subscriber.get_msg = self._watched(batches.get)  # type: ignore[method-assign,assignment]  # there is no other place
        self._subscriber(self._handle_batch())

    async def stop(self) -> None:
        """Take no more batches; the one under way is stored and acknowledged, or comes again."""
        if self._subscriber.consumer is not None:
            await end_fetching(self._subscriber.consumer)
        await self._subscriber.stop()

    def _watched(self, get: NextBatch) -> NextBatch:
        async def get_or_fail(consumer: AIOKafkaConsumer) -> Records:
            try:
                return await get(consumer)
            except StopError as error:
                self._fail(error)
                await asyncio.Event().wait()
                return ()

        return get_or_fail

    async def _keep_poison(self, records: list[PoisonRecord]) -> None:
        self._note(
            await self._parts.patiently("delivery.take", lambda: self._parts.store.take([], [], records))
        )

    def _fail(self, error: Exception) -> None:
        if not self.failure.done():
            self.failure.set_exception(error)

    def _handle_batch(self) -> Callable[[Any], Awaitable[None]]:
        async def store_batch(message: KafkaMessage) -> None:
            try:
                await self._store(message.raw_message)
            except Exception as error:  # noqa: BLE001 - FastStream would swallow it; `failure` ends the process
                self._fail(error)
                await asyncio.Event().wait()
            await _acknowledge(message)

        return store_batch

    async def _store(self, records: Records) -> None:
        """Store a batch; when a bug fails it, record by record, and what fails alone is set aside."""
        try:
            await self._take(records)
        except Exception as error:
            if not _is_of_a_record(error):
                raise
            if len(records) > 1:
                for record in records:
                    await self._store((record,))
                return
            ids = {"adapter": self._parts.name, "error": place_of(error), "offset": records[0].offset}
            _log.error("set aside", extra={"action": "delivery.record_failed", **ids})
            await self._keep_poison([_poison(records[0], f"bug:{type(error).__name__}")])

    async def _take(self, records: Records) -> None:
        parts = self._parts
        messages: list[OutMessage] = []
        receipts: list[Confirmed] = []
        poison: list[PoisonRecord] = []
        for record in records:
            match decode(record.key, record.headers, record.value, parts.environment):
                case OutMessage() as message:
                    if parts.adapter.handles(message.type):
                        messages.append(message)
                    elif is_newer(message.type, parts.adapter.handles):
                        raise StopError(f"{message.type} is newer than this adapter: run the newer version")
                case Confirmed() as receipt:
                    receipts.append(receipt)
                case Poison(why):
                    poison.append(_poison(record, why))
        keep = parts.adapter.keep if isinstance(parts.adapter, Hosted) else None
        urgent = parts.adapter.urgent_until if isinstance(parts.adapter, Urgent) else None
        stored = await self._parts.patiently(
            "delivery.take", lambda: parts.store.take(messages, receipts, poison, keep, urgent)
        )
        self._note(stored)
        parts.deliveries.ring()

    def _note(self, stored: StoredBatch) -> None:
        metrics, name = self._parts.metrics, self._parts.name
        metrics.deduplicated.labels(name).inc(stored.repeated)
        metrics.dead_letters_made.labels(name, "malformed").inc(stored.poison)
        metrics.reports_refused.labels(name).inc(stored.refused)
        _log.info(
            "stored",
            extra={
                "action": "delivery.taken",
                "adapter": name,
                "new": stored.new,
                "noted": stored.noted,
                "repeated": stored.repeated,
                "poison": stored.poison,
                "confirmed": stored.confirmed,
                "refused": stored.refused,
            },
        )


def _is_of_a_record(error: Exception) -> bool:
    """Whether other records may well be stored: not when the database lacks something, or it has to stop."""
    if isinstance(error, asyncpg.PostgresError):
        return isinstance(error, asyncpg.DataError)
    return not isinstance(error, StopError)


def is_newer(message_type: str, handles: Callable[[str], bool]) -> bool:
    """Whether a type is a later version of one that is handled: it is for a newer adapter (pure)."""
    stem, _, version = message_type.rpartition(".v")
    if not version.isascii() or not version.isdigit():
        return False
    return any(handles(f"{stem}.v{earlier}") for earlier in range(1, min(int(version), _MAX_VERSION)))


async def _without_headers(records: Records, original: Callable[[Records], Awaitable[Any]]) -> Any:
    """FastStream's parser raises on header bytes that are no UTF-8, and the batch would be skipped."""
    message = await original(tuple(replace(record, headers=()) for record in records))
    message.raw_message = records
    return message


async def _undecoded(message: Any) -> Any:
    return message.body


async def _acknowledge(message: KafkaMessage) -> None:
    try:
        await message.ack()
    except KafkaError as error:
        # The rows are stored, so a batch that comes again is only a repeat.
        _log.warning("offsets not committed", extra={"action": "delivery.ack_failed", "reason": str(error)})


def _poison(record: ConsumerRecord, why: str) -> PoisonRecord:
    headers = [[name, (raw or b"").hex()] for name, raw in record.headers]
    return PoisonRecord(
        record.topic,
        record.partition,
        record.offset,
        why,
        record.key,
        json.dumps(headers, ensure_ascii=True).replace("\\u0000", "\\ufffd"),
        record.value,
    )
