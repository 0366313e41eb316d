"""A vendor's new counter software on its first day: everything that can be wrong with a message is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from examples.demo.desk import Json, SilenceError, Traffic

_LIMIT_S = 30.0
_SUBMIT = "onestop.dossier.submit.v1"


@dataclass(frozen=True, slots=True)
class Blunder:
    """One wrong message and the code of its refusal; changes are made to a message that would be right."""

    code: str
    is_dead_letter: bool = False
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Replaced headers; None leaves one out."""
    key: bytes | None = None
    value: bytes | None = None
    data: Mapping[str, object] = field(default_factory=dict)


BLUNDERS: tuple[Blunder, ...] = (
    Blunder("envelope.no_json", is_dead_letter=True, value=b'{"procedure": "1.0048'),
    Blunder("envelope.missing_attribute", is_dead_letter=True, headers={"ce_source": None}),
    Blunder("envelope.content_type", is_dead_letter=True, headers={"content-type": "text/xml"}),
    Blunder("envelope.too_large", is_dead_letter=True, value=b'"' + b"x" * (300 << 10) + b'"'),
    Blunder("envelope.bad_text", is_dead_letter=True, value=b'{"summary": "\\u0000"}'),
    Blunder("envelope.key_not_subject", is_dead_letter=True, key=b"something else"),
    Blunder(
        "envelope.identity_in_key",
        is_dead_letter=True,
        key=b"083090000001",
        headers={"ce_subject": "083090000001"},
    ),
    Blunder("schema.unknown_type", headers={"ce_type": "onestop.dossier.teleport.v1"}),
    Blunder("schema.unknown_field", data={"colour": "green"}),
    Blunder("schema.invalid", data={"channel": "pigeon"}),
    Blunder("security.not_granted", headers={"ce_type": "onestop.case.step.v1"}),
    Blunder("security.foreign_source", headers={"ce_source": "/participants/counter-1"}),
    Blunder("security.foreign_organisation", data={"organisation": "000.11.01.H07"}),
    Blunder("security.wrong_environment", headers={"ce_environment": "live"}),
    Blunder("envelope.bad_time", headers={"ce_time": "2099-01-01T00:00:00Z"}),
    Blunder("unknown_dossier", headers={"ce_type": "onestop.dossier.withdraw.v1"}, value=b"{}"),
)


class Careless:
    """The participant that makes them; its journal is like that of the other counters."""

    def __init__(self, environment: Mapping[str, str], journal: Path, good: Json, traffic: Traffic) -> None:
        self._name = environment["KAFKA_USER"]
        self._good = good
        self._journal = journal
        self._traffic = traffic
        self._clock = Path(environment["CLOCK_FILE"])
        self._settings: dict[str, Any] = {
            "bootstrap_servers": environment["KAFKA_BOOTSTRAP"],
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self._name,
            "sasl_plain_password": environment["KAFKA_PASSWORD"],
        }

    async def blunder(self) -> list[str]:
        """Make every blunder once; in words, each that was not answered as it should be."""
        out = f"out.{self._name}"
        group: dict[str, Any] = {"group_id": self._name, "auto_offset_reset": "earliest"}
        async with (
            AIOKafkaConsumer(out, **group, enable_auto_commit=False, **self._settings) as consumer,
            AIOKafkaProducer(**self._settings, acks="all", max_request_size=2 << 20) as producer,
        ):
            for number, one in enumerate(BLUNDERS):
                await self._send(producer, f"blunder-{number}", one)
            got = await self._answers(consumer)
        wanted = sorted(one.code for one in BLUNDERS)
        return [] if sorted(got) == wanted else [f"{self._name} was answered {sorted(got)}, not {wanted}"]

    async def _send(self, producer: AIOKafkaProducer, event_id: str, one: Blunder) -> None:
        shift = timedelta(seconds=float(self._clock.read_text()))
        headers: dict[str, str | None] = {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": f"/participants/{self._name}",
            "ce_type": _SUBMIT,
            "ce_time": (datetime.now(UTC) + shift).isoformat(),
            "ce_subject": f"ref:{event_id}",
            "content-type": "application/json",
            **one.headers,
        }
        value = one.value or json.dumps({**self._good, **one.data}, ensure_ascii=False).encode()
        subject = headers["ce_subject"] or ""
        kind = "malformed" if one.is_dead_letter else "plain"
        line = {"sent": event_id, "type": headers["ce_type"], "subject": subject, "class": kind}
        self._write({**line, "environment": headers.get("ce_environment"), "value": value.decode()})
        place = await producer.send_and_wait(
            f"in.{self._name}",
            value,
            key=one.key or subject.encode(),
            headers=[(name, text.encode()) for name, text in headers.items() if text is not None],
        )
        self._traffic.requests += 1
        self._write({"taken": event_id, "partition": place.partition, "offset": place.offset})

    async def _answers(self, consumer: AIOKafkaConsumer) -> list[str]:
        codes: list[str] = []
        try:
            async with asyncio.timeout(_LIMIT_S):
                while len(codes) < len(BLUNDERS):
                    data = json.loads((await consumer.getone()).value)
                    codes.append(data["code"])
                    self._traffic.answers += 1
                    self._traffic.count_refusal(data)
        except TimeoutError:
            raise SilenceError(f"{self._name} got {len(codes)} of {len(BLUNDERS)} answers") from None
        return codes

    def _write(self, line: Mapping[str, object]) -> None:
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(line, ensure_ascii=False) + "\n")
            journal.flush()
            os.fsync(journal.fileno())
