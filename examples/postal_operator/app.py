"""A postal operator's own system: takes each order from `out.postal` once and answers on `in.postal`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512

from schemas.pickup import PickupCancelled, PickupOrdered, ReportPickup
from schemas.sync import ReportSync


class Journal:
    """One line per effect of an order, on disk before it is answered; a repeated one keeps its first time."""

    def __init__(self, path: Path, clock_file: str | None) -> None:
        self._clock_file = clock_file
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rpartition(b"\n")
        self._file.truncate(len(whole[0] + whole[1]))  # a crash may have cut the last line
        lines = map(json.loads, whole[0].splitlines())
        self._done = {(line["order"], line["effect"]): line["at"] for line in lines}

    def once(self, order: str, effect: str) -> datetime:
        """Let the effect happen unless it has happened; its time."""
        if (order, effect) not in self._done:
            self._done[order, effect] = self._now().isoformat()
            line = {"order": order, "effect": effect, "at": self._done[order, effect]}
            self._file.write(json.dumps(line).encode() + b"\n")
            os.fsync(self._file.fileno())
        return datetime.fromisoformat(self._done[order, effect])

    def _now(self) -> datetime:
        shift_s = float(Path(self._clock_file).read_text()) if self._clock_file else 0.0
        return datetime.now(UTC) + timedelta(seconds=shift_s)


def answers(message: KafkaMessage, steps: list[str], journal: Journal) -> Iterator[ReportPickup | ReportSync]:
    """Do what the message asks for; receipts and other types ask for nothing."""
    if message.headers["ce_type"] == PickupOrdered.type:
        fact = PickupOrdered.model_validate_json(message.body, extra="ignore")
        order = fact.order
        for step in ["delivered" if (s, fact.direction) == ("handed_over", "deliver") else s for s in steps]:
            minutes = {"minutes": f"{order}/BBGN"} if step == "handed_over" else {}
            report = {"order": order, "status": step, "at": journal.once(order, step), **minutes}
            yield ReportPickup.model_validate(report)
    elif message.headers["ce_type"] == PickupCancelled.type:
        order = PickupCancelled.model_validate_json(message.body, extra="ignore").order
        at = journal.once(order, "cancelled")
        yield ReportSync(message=message.headers["ce_id"], outcome="delivered", at=at)


def build(environment: Mapping[str, str] = os.environ) -> FastStream:
    """The application; its environment variables stand in the README."""
    user, steps = environment["KAFKA_USER"], environment.get("POSTAL_STEPS", "registered").split(",")
    security = SASLScram512(user, environment["KAFKA_PASSWORD"], use_ssl=False)
    servers = environment["KAFKA_BOOTSTRAP"].split(",")
    broker = KafkaBroker(servers, security=security, acks="all", enable_idempotence=True)
    journal = Journal(Path(environment["POSTAL_JOURNAL"]), environment.get("CLOCK_FILE"))
    retry = AckPolicy.NACK_ON_ERROR

    @broker.subscriber(f"out.{user}", group_id=user, auto_offset_reset="earliest", ack_policy=retry)
    async def take(message: KafkaMessage) -> None:
        subject = message.headers["ce_subject"]
        for answer in answers(message, steps, journal):
            body = answer.model_dump_json(exclude_none=True)
            headers = {
                "ce_specversion": "1.0",
                "ce_id": str(uuid5(NAMESPACE_URL, body)),
                "ce_source": f"/participants/{user}",
                "ce_type": answer.type,
                "ce_time": answer.at.isoformat(),
                "ce_subject": subject,
                "content-type": "application/json",
            }
            await broker.publish(body.encode(), f"in.{user}", key=subject.encode(), headers=headers)

    return FastStream(broker)


if __name__ == "__main__":
    asyncio.run(build().run())
