"""Directs the stand-ins of the outside systems: their clock, what happens to parcels, what goes wrong."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import httpx

from examples.demo.desk import Json, SilenceError
from examples.demo.programs import PLAIN

_LIMIT_S = 20.0


class StandIns:
    """The control doors of the sandboxes."""

    def __init__(self, population_url: str, postal_url: str, portal_url: str) -> None:
        self._population = population_url
        self._postal = postal_url
        self._portal = portal_url
        # The stand-ins close what was idle for 5 s: it must not be taken up again at that moment.
        kept = httpx.Limits(keepalive_expiry=2)
        self._http = httpx.AsyncClient(timeout=10, trust_env=False, verify=PLAIN, limits=kept)

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

    async def portal_fault(self, operation: str, kind: str, **fields: Any) -> None:
        """The next call of the service goes wrong in this way."""
        await self._post(f"{self._portal}/_faults", {"operation": operation, "kind": kind, **fields})

    async def lodge(self, data: Json) -> Json:
        """A citizen lodges a dossier on the portal, which tries again while the province's door is shut."""
        call = {"service": "NopHoSo", "isUpdating": "False", "data": data}
        return await self._have_portal("_call", {"path": "/nhanhsdvcqg", "body": call})

    async def pay(self, code: str, result: str, repeat: int = 0) -> Json:
        """A citizen looks up what is to be paid and pays; the portal tells the result 1 + `repeat` times."""
        return await self._have_portal("_pay", {"MaHoSo": code, "MaLoi": result, "repeat": repeat})

    async def opens(self, code: str, digest: str, what: str) -> None:
        """Wait until a dossier has a file with this content at the portal, and open it there by its link."""
        end = time.monotonic() + _LIMIT_S
        while (url := await self._link(code, digest)) is None:
            if time.monotonic() > end:
                raise SilenceError(f"{what}: the portal has no link to {digest}")
            await asyncio.sleep(0.05)
        opened = await self._have_portal("_fetch", {"url": url})
        if (opened["status"], opened["sha256"]) != (200, digest):
            raise SilenceError(f"{what}: the portal opened {opened}, not {digest}")

    async def _link(self, code: str, digest: str) -> str | None:
        answer = await self._http.get(f"{self._portal}/_dossiers/{code}")
        files = answer.json()["item"].get("TaiLieuNop", []) if answer.is_success else []
        return next((file["DuongDanTaiTepTin"] for file in files if file["TepDinhKemId"] == digest), None)

    async def _have_portal(self, act: str, body: Json) -> Json:
        end = time.monotonic() + _LIMIT_S
        while True:
            answer = await self._http.post(f"{self._portal}/{act}", json=body)
            if answer.is_success:
                found: Json = answer.json()
                return found
            if time.monotonic() > end:
                raise SilenceError(f"the province's door stayed shut for {_LIMIT_S:.0f} s")
            await asyncio.sleep(0.1)

    async def shows(self, code: str, status: str, what: str) -> None:
        """Wait until the portal shows a dossier with this status."""
        end, seen = time.monotonic() + _LIMIT_S, ""
        while seen != status:
            if time.monotonic() > end:
                raise SilenceError(f"{what}: the portal shows {seen or 'nothing'}, not {status}")
            answer = await self._http.get(f"{self._portal}/_dossiers/{code}")
            seen = answer.json()["item"]["TrangThaiHoSo"] if answer.is_success else ""
            await asyncio.sleep(0 if seen == status else 0.05)

    async def move_clock(self, shift_s: float) -> None:
        """The post lives in the same week."""
        await self._post(f"{self._postal}/_clock", {"offset_s": shift_s})

    async def _post(self, url: str, body: object) -> None:
        (await self._http.post(url, json=body)).raise_for_status()
