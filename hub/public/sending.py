"""Ratings, complaints and drawn numbers on their way into the hub: requests of the page's own participant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from hub.kafka import client as kafka
from hub.kafka.client import ConsumerRecord
from hub.kafka.producer import OutgoingRecord, Producer
from hub.settings import KafkaSettings
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED
from schemas.ticket import TicketIssued

_ACCEPTED, _REFUSED = RECEIPT_ACCEPTED.encode(), RECEIPT_REFUSED.encode()
_ISSUED = TicketIssued.type.encode()
_SEND_S: Final = 5.0
_MOST_KNOWN: Final = 1_000
_WAIT_S: Final = 5.0
_POLL_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the hub answered; `code` is that of a refusal, `message` its words in Vietnamese and English."""

    is_accepted: bool
    code: str = ""
    message: tuple[str, str] = ("", "")


class PageSender:
    """Writes the page's own `in.` topic and reads receipts on its own `out.` topic; many may wait at once."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.name = settings.user.removeprefix(settings.prefix)
        self._topics = f"{settings.prefix}in.{self.name}", f"{settings.prefix}out.{self.name}"
        self._producer = Producer(lambda: kafka.producer(settings, self.name), self.name)
        self._reader = kafka.consumer(settings, f"{self.name}-receipts", group=None, offset_reset="latest")
        self._waiting: dict[str, list[asyncio.Future[Receipt]]] = {}
        self._facts: dict[str, list[asyncio.Future[Mapping[str, Any]]]] = {}
        self._became: dict[str, Mapping[str, Any]] = {}
        """Facts of the last requests that were waited for: a page that is loaded again is the same."""

    async def open(self) -> None:
        """Connect, and stand at the end of what was told so far; raises what aiokafka raises."""
        await self._producer.open()
        await self._reader.start()
        places = await kafka.partitions_of(self._reader, self._topics[1])
        self._reader.assign(places)
        await self._reader.seek_to_end(*places)
        await asyncio.gather(*(self._reader.position(place) for place in places))

    async def close(self) -> None:
        """Give both connections up."""
        await self._reader.stop()
        await self._producer.close()

    async def become(
        self, kind: str, subject: str, data: Mapping[str, Any], request: str
    ) -> Receipt | Mapping[str, Any] | None:
        """As `ask`; of an accepted request the fact that the page is told of, in place of its receipt."""
        if request in self._became:
            return self._became[request]
        told: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._facts.setdefault(request, []).append(told)
        try:
            receipt = await self.ask(kind, subject, data, request)
            if receipt is None or not receipt.is_accepted:
                return receipt
            done, _ = await asyncio.wait({told}, timeout=_WAIT_S)
            return told.result() if done else None
        finally:
            others = [one for one in self._facts[request] if one is not told]
            if others:
                self._facts[request] = others
            else:
                del self._facts[request]

    async def step(self) -> None:
        """One look of the side task for receipts."""
        fetched = await self._reader.getmany(timeout_ms=_POLL_MS)
        for record in (record for records in fetched.values() for record in records):
            self._told(record)

    async def ask(self, kind: str, code: str, data: Mapping[str, Any], request: str) -> Receipt | None:
        """Send a request about the dossier of this code; None: the broker has it, nobody has answered yet.

        The same `request` has one effect, and all who wait for it get its answer. Raises what is away: then
        nobody knows whether it was sent.
        """
        waiting: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request, []).append(waiting)
        try:
            record = OutgoingRecord(code.encode(), orjson.dumps(data), self._headers(kind, code, request))
            await self._producer.send(self._topics[0], [record], _SEND_S)
            done, _ = await asyncio.wait({waiting}, timeout=_WAIT_S)
            return waiting.result() if done else None
        finally:
            others = [one for one in self._waiting[request] if one is not waiting]
            if others:
                self._waiting[request] = others
            else:
                del self._waiting[request]

    def _headers(self, kind: str, code: str, request: str) -> list[tuple[str, bytes]]:
        texts = {
            "ce_specversion": "1.0",
            "ce_id": request,
            "ce_source": f"/participants/{self.name}",
            "ce_type": kind,
            "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "ce_subject": code,
            "content-type": "application/json",
        }
        return [(header, text.encode()) for header, text in texts.items()]

    def _told(self, record: ConsumerRecord) -> None:
        headers = dict(record.headers)
        kind = headers.get("ce_type")  # bytes of whoever may write there, as operators may
        if kind == _ISSUED:
            self._drawn(headers.get("ce_causationid"), record.value)
        if kind not in (_ACCEPTED, _REFUSED):
            return
        try:
            told = orjson.loads(record.value or b"{}")
            waiting = self._waiting.get(str(told["request"]), [])
            words = (str(told.get("message_vi", "")), str(told.get("message_en", "")))
            found = Receipt(kind == _ACCEPTED, str(told.get("code", "")), words)
        except (ValueError, KeyError, AttributeError, TypeError):
            return
        for one in waiting:
            if not one.done():
                one.set_result(found)

    def _drawn(self, cause: bytes | None, value: bytes | None) -> None:
        """A number that this page drew, or another process of it."""
        request = (cause or b"").decode(errors="replace")
        waiting = self._facts.get(request, [])
        if not waiting:
            return
        try:
            fact = TicketIssued.model_validate_json(value or b"", extra="ignore").model_dump(mode="json")
        except ValidationError:
            return
        self._became[request] = fact
        while len(self._became) > _MOST_KNOWN:
            del self._became[next(iter(self._became))]
        for one in waiting:
            if not one.done():
                one.set_result(fact)
