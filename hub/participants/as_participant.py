"""The hub seen from outside: one request sent as its participant, and what comes back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import ValidationError

from hub.errors import StartupError
from hub.kafka.client import AIOKafkaConsumer, ConsumerRecord, consumer, partitions_of, producer
from hub.settings import KafkaSettings
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED

_POLL_MS = 200
_RECEIPTS = (RECEIPT_ACCEPTED, RECEIPT_REFUSED)
_KEYS = {
    "bootstrap.servers": "bootstrap",
    "sasl.username": "user",
    "sasl.password": "password",
    "ssl.ca.location": "ca_file",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request: `kind` as in `dossier.submit`, `data` its JSON; the same `id` is the same request."""

    kind: str
    subject: str
    data: bytes
    id: str


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """A message to the participant: its type, the dossier (or another key), and its JSON as bytes."""

    type: str
    key: str
    data: bytes

    @property
    def is_accepted(self) -> bool:
        """Whether it is the receipt of a request that took effect."""
        return self.type == RECEIPT_ACCEPTED


def new_id() -> str:
    """An id for a request that was not sent before."""
    return str(uuid.uuid4())


def connection_of(file: Path, prefix: str = "") -> KafkaSettings:
    """The connection in a file of librdkafka, as `hub participants add --into` writes it.

    Raises `StartupError`, which names the file and what lacks, never what stands in it.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise StartupError(f"{file}: {why}") from None
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    found = {ours: settings[key] for key, ours in _KEYS.items() if key in settings}
    try:
        return KafkaSettings(prefix=prefix, **found)
    except ValidationError as error:
        lacking = sorted(str(one["loc"][0]) for one in error.errors())
        keys = [key for key, ours in _KEYS.items() if ours in lacking]
        raise StartupError(f"{file}: {', '.join(keys or lacking)} is missing or wrong") from None


class ConnectedParticipant:
    """One that is connected; it commits no offset, and takes nothing from its programs."""

    def __init__(self, connection: KafkaSettings, reader: AIOKafkaConsumer) -> None:
        self._connection = connection
        self._reader = reader
        self._told: list[HeardMessage] = []
        self.name = connection.user.removeprefix(connection.prefix)

    async def send(self, question: Question) -> None:
        """Publish the request; returns when the broker has it."""
        writer = producer(self._connection, self.name)
        await writer.start()
        try:
            await writer.send_and_wait(
                f"{self._connection.prefix}in.{self.name}",
                question.data,
                key=question.subject.encode(),
                headers=_headers(question, self.name),
            )
        finally:
            await writer.stop()

    async def receipt(self, request: str) -> HeardMessage:
        """The receipt of this request; waits for it without end."""
        return await self._first(lambda told: told.type in _RECEIPTS and _request_of(told) == request)

    async def fact(self, kind: str, dossier: str) -> HeardMessage:
        """The first fact of this kind about the dossier; waits for it without end."""
        return await self._first(lambda told: (told.type, told.key) == (f"onestop.{kind}.v1", dossier))

    async def messages(self) -> AsyncIterator[HeardMessage]:
        """All that comes, without end; what is told at the same time to other readers is told here too."""
        while True:
            for told in await self._more():
                yield told

    async def _first(self, is_wanted: Callable[[HeardMessage], bool]) -> HeardMessage:
        while (found := next(filter(is_wanted, self._told), None)) is None:
            self._told += await self._more()
        return found

    async def _more(self) -> list[HeardMessage]:
        fetched = await self._reader.getmany(timeout_ms=_POLL_MS)
        return [_told(record) for records in fetched.values() for record in records]


@asynccontextmanager
async def participant(
    connection: KafkaSettings, *, from_beginning: bool = False
) -> AsyncIterator[ConnectedParticipant]:
    """Connect, and stand at the end, or beginning, of what was told so far; raises what aiokafka raises."""
    name = connection.user.removeprefix(connection.prefix)
    reader = consumer(connection, f"{name}.once", group=None, offset_reset="latest")
    await reader.start()
    try:
        places = await partitions_of(reader, f"{connection.prefix}out.{name}")
        reader.assign(places)
        await (reader.seek_to_beginning if from_beginning else reader.seek_to_end)(*places)
        await asyncio.gather(*(reader.position(place) for place in places))
        yield ConnectedParticipant(connection, reader)
    finally:
        await reader.stop()


def _headers(question: Question, name: str) -> list[tuple[str, bytes]]:
    texts = {
        "ce_specversion": "1.0",
        "ce_id": question.id,
        "ce_source": f"/participants/{name}",
        "ce_type": f"onestop.{question.kind}.v1",
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "ce_subject": question.subject,
        "content-type": "application/json",
    }
    return [(header, text.encode()) for header, text in texts.items()]


def _told(record: ConsumerRecord) -> HeardMessage:
    kind = dict(record.headers).get("ce_type") or b""
    return HeardMessage(_text(kind), _text(record.key or b""), record.value or b"{}")


def _text(content: bytes) -> str:
    """Also of what is none: an operator may have written there."""
    return content.decode("utf-8", "replace")


def _request_of(told: HeardMessage) -> object:
    try:
        found: object = orjson.loads(told.data)
    except orjson.JSONDecodeError:
        return None
    return found.get("request") if isinstance(found, dict) else None
