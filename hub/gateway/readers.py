"""The few consumers that read for all participants: lent one at a time, replaced when one has failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from hub.kafka.client import AIOKafkaConsumer, KafkaError
from hub.kafka.reading import NewConsumer

_STOP_S = 5.0


class Readers:
    """A fixed number of places; in each a started consumer, or none until somebody needs it."""

    def __init__(self, new_consumer: NewConsumer, count: int) -> None:
        self._new_consumer = new_consumer
        self._count = count
        self._idle: asyncio.LifoQueue[AIOKafkaConsumer | None] = asyncio.LifoQueue()
        self._stopping: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put_nowait(await self._started())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            self._drop(self._idle.get_nowait())
        if self._stopping:
            await asyncio.wait(self._stopping)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer, for as long as the block takes; after an error in it no one else gets it."""
        reader = await self._idle.get()
        try:
            reader = reader or await self._started()
            yield reader
        except Exception:
            self._drop(reader)
            reader = None
            raise
        finally:
            if reader is not None:
                reader.unsubscribe()
            self._idle.put_nowait(reader)

    async def _started(self) -> AIOKafkaConsumer:
        reader = self._new_consumer()
        try:
            await reader.start()
        except BaseException:
            self._drop(reader)
            raise
        return reader

    def _drop(self, reader: AIOKafkaConsumer | None) -> None:
        if reader is not None:
            stopping = asyncio.create_task(_stop(reader))
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)


async def _stop(reader: AIOKafkaConsumer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        await asyncio.wait_for(reader.stop(), _STOP_S)
