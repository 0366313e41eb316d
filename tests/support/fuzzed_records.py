"""Test support: what an ordinary participant can write into its topic, altered by chance from one seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c

from schemas.base import Role
from schemas.generate import EXAMPLES
from schemas.registry import REQUESTS
from tests.support.clients import Client
from tests.support.mutations import EXTREMES
from tests.support.requests import (
    ACCEPT,
    CHECK,
    SUBMIT,
    VERIFY,
    acceptance,
    hand_check,
    submission,
    verification,
)

Pairs = tuple[tuple[str, bytes | None], ...]
_CRC, _COVERED = slice(17, 21), 21
"""Of a batch: its checksum, and where what that covers begins."""
_YEAR_1_MS, _YEAR_9999_MS = -62_135_596_800_000, 253_402_300_799_999
_TIMES_MS: Sequence[int | None] = (None, None, None, 0, -1, _YEAR_1_MS, _YEAR_9999_MS, 2**62)
_TIMES: Sequence[bytes] = (
    b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"9999-12-31T23:59:60-23:59", b"1970-01-01T00:00:00Z",
    b"0000-01-01T00:00:00Z", b"10000-01-01T00:00:00Z",
)  # fmt: skip
_BODIES: Mapping[str, Callable[[], dict[str, Any]]] = {
    SUBMIT: submission, CHECK: hand_check, ACCEPT: acceptance, VERIFY: verification,
}  # fmt: skip
"""With which a dossier comes further; of the others the published examples."""


@dataclass(frozen=True, slots=True)
class Written:
    """One record before it is sent."""

    headers: Pairs
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None
    partition: int | None = None


class RecordFuzzer:
    """Draws good requests of a participant and changes each in none to four places."""

    def __init__(self, seed: int, client: Client, role: Role, partitions: int) -> None:
        self.subjects: list[str] = []
        """Dossiers that it knows, as it may name them."""
        self._random = Random(seed)  # noqa: S311  to be drawn again
        self._client = client
        self._partitions = partitions
        self._bodies = {
            name: _BODIES[name]() if name in _BODIES else _example(name)
            for name, model in REQUESTS.items()
            if role in model.roles
        }
        self._changes: Sequence[Callable[[Written], Written]] = (
            self._other_key, self._other_value, self._other_header, self._other_headers, self._other_time,
            self._no_value, self._giant_headers, self._other_partition, self._extreme,
        )  # fmt: skip

    def draw(self) -> Written:
        """The next record."""
        written = self._good()
        for _ in range(self._random.choice((0, 0, 1, 1, 1, 2, 4))):
            written = self._random.choice(self._changes)(written)
        return written

    def draw_batch(self) -> bytes:
        """A batch with a right checksum: packed or not, with some of its bits turned."""
        random = self._random
        batch = BatchBuilder(1 << 20, random.choice((0, 0, 1)), is_transactional=False)
        for _ in range(random.randint(1, 5)):
            one = self.draw()
            time = one.timestamp_ms
            batch.append(timestamp=time, key=one.key, value=one.value, headers=list(one.headers))
        written = bytearray(batch._build())
        if len(written) > _COVERED:
            for _ in range(random.choice((0, 1, 1, 2, 8))):
                # the first 61 bytes are the head of the batch: as often as all of its records
                first, last = random.choice(((_COVERED, 61), (61, len(written))))
                written[random.randrange(first, max(first + 1, last)) % len(written)] ^= (
                    1 << random.randrange(8)
                )
            written[_CRC] = calc_crc32c(bytes(written[_COVERED:])).to_bytes(4)
        return bytes(written)

    def _good(self) -> Written:
        """A submission under a new reference, or another request of this role about a dossier."""
        random, event_id = self._random, str(UUID(int=self._random.getrandbits(128), version=4))
        kind = random.choice((*_BODIES, *self._bodies))
        if kind not in self._bodies or not self.subjects:
            kind = random.choice(list(self._bodies))
        if kind == SUBMIT or not self.subjects:
            subject = f"ref:{event_id}"
            self.subjects.append(subject)
        else:
            subject = random.choice(self.subjects)
        headers = self._client.headers(kind, subject, event_id)
        pairs = tuple((name, text.encode()) for name, text in headers.items())
        return Written(pairs, subject.encode(), orjson.dumps(self._bodies[kind]))

    def _turned(self, content: bytes) -> bytes:
        """One bit of it turned, a part left out, or a part there twice."""
        random = self._random
        if not content:
            return random.randbytes(3)
        at, how = random.randrange(len(content)), random.randrange(4)
        if how < 2:
            return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]
        end = min(len(content), at + random.randint(1, 9))
        return content[:at] + content[end:] if how == 2 else content[:end] + content[at:]

    def _other_key(self, one: Written) -> Written:
        return replace(one, key=self._random.choice((None, b"", self._turned(one.key or b""))))

    def _other_value(self, one: Written) -> Written:
        return replace(one, value=self._turned(one.value or b""))

    def _no_value(self, one: Written) -> Written:
        return replace(one, value=self._random.choice((None, b"")))

    def _other_header(self, one: Written) -> Written:
        if not one.headers:
            return one
        at = self._random.randrange(len(one.headers))
        name, content = one.headers[at]
        if self._random.random() < 0.3:
            name = self._turned(name.encode()).decode(errors="replace")
        else:
            content = self._random.choice((None, self._turned(content or b"")))
        return replace(one, headers=(*one.headers[:at], (name, content), *one.headers[at + 1 :]))

    def _other_headers(self, one: Written) -> Written:
        """One is left out, stands there twice, or in another place."""
        headers = list(one.headers)
        self._random.shuffle(headers)
        if headers and self._random.random() < 0.5:
            headers.append(headers[0])
        return replace(one, headers=tuple(headers[self._random.randrange(2) :]))

    def _giant_headers(self, one: Written) -> Written:
        random = self._random
        many = tuple((f"x-{number}", b"") for number in range(random.choice((0, 20_000))))
        return replace(
            one, headers=(*one.headers, ("x" * random.choice((1, 70_000)), random.randbytes(300_000)), *many)
        )

    def _other_time(self, one: Written) -> Written:
        time = ("ce_time", self._random.choice(_TIMES))
        kept = tuple(pair for pair in one.headers if pair[0] != "ce_time")
        return replace(one, headers=(*kept, time), timestamp_ms=self._random.choice(_TIMES_MS))

    def _other_partition(self, one: Written) -> Written:
        return replace(one, partition=self._random.randrange(self._partitions))

    def _extreme(self, one: Written) -> Written:
        """One value of the data becomes another, however deep it lies."""
        try:
            data: Any = orjson.loads(one.value or b"")
        except ValueError:
            return one
        place = data
        while isinstance(place, dict) and place:
            name = self._random.choice(list(place))
            if not isinstance(place[name], dict) or self._random.random() < 0.3:
                place[name] = self._random.choice(EXTREMES)
                break
            place = place[name]
        return replace(one, value=json.dumps(data).encode())


def _example(name: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))["data"]
    return shown


async def send_record(producer: AIOKafkaProducer, topic: str, one: Written) -> None:
    """Raises what the client or the broker says of it."""
    await producer.send_and_wait(
        topic,
        value=b"" if one.key is None and one.value is None else one.value,  # the client wants one of them
        key=one.key,
        headers=list(one.headers),
        partition=one.partition,
        timestamp_ms=one.timestamp_ms,
    )


async def send_batch(producer: AIOKafkaProducer, topic: str, partition: int, written: bytes) -> None:
    """As the producer would send it; raises what the broker says of it."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=b"")
    batch._build()
    batch._buffer = bytearray(written)
    await (await producer.send_batch(batch, topic, partition=partition))
