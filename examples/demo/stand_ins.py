"""Directs the stand-ins of the outside systems: their clock, what happens to parcels, what goes wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx


class StandIns:
    """The control doors of both sandboxes."""

    def __init__(self, population_url: str, postal_url: str) -> None:
        self._population = population_url
        self._postal = postal_url
        self._http = httpx.AsyncClient(timeout=10)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def parcel(self, order: str, status: str, at: datetime, **fields: Any) -> None:
        """The post does something with a parcel; the hub hears of it by tracking."""
        event = {"order": order, "status": status, "event_time": int(at.timestamp() * 1000), **fields}
        await self._post(f"{self._postal}/_events", event)

    async def post_fault(self, operation: str, kind: str, **fields: Any) -> None:
        """The next call of the operation goes wrong in this way."""
        await self._post(f"{self._postal}/_faults", {"operation": operation, "kind": kind, **fields})

    async def population_fault(self, kind: str, *, count: int = 1, check: str = "") -> None:
        """The next questions (of this check) go wrong in this way."""
        await self._post(f"{self._population}/_faults", [{"fault": kind, "count": count, "match": check}])

    async def move_clock(self, shift_s: float) -> None:
        """The post lives in the same week."""
        await self._post(f"{self._postal}/_clock", {"offset_s": shift_s})

    async def _post(self, url: str, body: object) -> None:
        (await self._http.post(url, json=body)).raise_for_status()
