"""Test support: one hub with an engine and a counter, shared by a module; what became of a record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from hub.embedded.stack import StackAddress
from hub.facts.parking import StoredRecord, decode_record
from tests.support.clients import Client, Received
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Counter:
    """A hub, its engine, and a counter that has joined."""

    hub: Hub
    engine: HubProcess
    client: Client

    def headers(self, **changes: str) -> dict[str, str]:
        """Headers of a good submission; `changes` name attributes without `ce_`."""
        headers = self.client.headers(SUBMIT, f"ref:{uuid4()}", str(uuid4()))
        return headers | {f"ce_{name}": text for name, text in changes.items()}

    async def is_done(self, partition: int, offset: int) -> bool:
        """Whether the stored offset is behind the record."""
        next_offset = await self.hub.database.fetchval(
            "select next from intake_offset where topic = $1 and partition = $2",
            self.client.in_topic,
            partition,
        )
        return next_offset is not None and next_offset > offset

    async def answer_at(self, partition: int, offset: int) -> Received:
        """The receipt of a record that became a dead letter: its key is the record's place."""
        place = f"{self.client.in_topic}-{partition}-{offset}"
        found: list[Received] = []

        def is_there() -> bool:
            found[:] = [m for m in self.client.inbox if m.key == place]
            return bool(found)

        await eventually(is_there, 20, f"the receipt of {place}", self.engine.output)
        await eventually(lambda: self.is_done(partition, offset), 20, "the offset")
        assert len(found) == 1
        return found[0]

    async def dead_letter(self, partition: int, offset: int) -> tuple[str, StoredRecord] | None:
        """Reason and record of the dead letter of a place."""
        row = await self.hub.database.fetchrow(
            "select reason, record from dead_letter where topic = $1 and partition = $2 and at_offset = $3",
            self.client.in_topic,
            partition,
            offset,
        )
        return (row["reason"], decode_record(row["record"])) if row is not None else None

    async def inbox_row(self, event_id: str, participant: str | None = None) -> dict[str, Any] | None:
        """The inbox row of a request."""
        row = await self.hub.database.fetchrow(
            "select * from inbox where participant = $1 and id = $2",
            participant or self.client.name,
            event_id,
        )
        return dict(row) if row is not None else None

    async def goes_on(self, partition: int | None = None) -> str:
        """The next good event on the partition is accepted; returns its dossier."""
        receipt = await self.client.ask(SUBMIT, f"ref:{uuid4()}", submission(), partition=partition)
        assert receipt.type == "onestop.receipt.accepted.v1", receipt.data
        return str(receipt.data["dossier"])


@asynccontextmanager
async def open_counter(stack: StackAddress, folder: Path) -> AsyncIterator[Counter]:
    """A hub in environment `live` with `counter-a` and `engine-1`."""
    async with own_hub(stack, folder) as hub:
        client = await hub.join("counter-a", ["counter"], [ONE_STOP])
        yield Counter(hub, await hub.start_engine(), client)


def good_value(**changes: Any) -> bytes:
    """The value of a good submission."""
    return orjson.dumps(submission(**changes))


def pairs(headers: dict[str, str]) -> Sequence[tuple[str, bytes]]:
    """Headers as the broker has them."""
    return [(name, text.encode()) for name, text in headers.items()]
