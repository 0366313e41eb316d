"""Stores what became of deliveries: all that end while one statement is under way go with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from hub.delivery.errors import StoreAwayError
from hub.delivery.rows import Finished
from hub.delivery.store import DeliveryStore


class Outcomes:
    """Shared by the workers' tasks."""

    def __init__(self, store: DeliveryStore) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._waiting: dict[asyncio.Future[bool], Finished] = {}

    async def store(self, finished: Finished) -> bool:
        """Store outcome and report; False when the lease was lost. Raises as `DeliveryStore.finish`."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[told] = finished
        try:
            async with self._turn:
                if not told.done():
                    await self._store_all(dict(self._waiting))
            return told.result()
        finally:
            del self._waiting[told]

    async def _store_all(self, waiting: Mapping[asyncio.Future[bool], Finished]) -> None:
        try:
            done = await self._store.finish(list(waiting.values()))
        except Exception as error:  # noqa: BLE001 - raised by each that waits for it
            if len(waiting) > 1 and not isinstance(error, StoreAwayError):
                # One of them holds what cannot be stored: each goes by itself, so that the others are.
                for told, finished in waiting.items():
                    await self._store_all({told: finished})
                return
            self._tell(waiting, error)
            return
        self._tell(waiting, {told for told, one in waiting.items() if one.lease.message.id in done})

    def _tell(
        self,
        waiting: Collection[asyncio.Future[bool]],
        result: Exception | Collection[asyncio.Future[bool]],
    ) -> None:
        """Whoever was cancelled meanwhile waits for no answer."""
        for told in self._waiting.keys() & waiting:
            if isinstance(result, Exception):
                told.set_exception(result)
            else:
                told.set_result(told in result)
