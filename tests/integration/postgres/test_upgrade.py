"""A hub of an earlier release, with its work half done, goes on: nothing is lost, nothing done twice."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.engine.redriving import order_redrive
from hub.facts.sealing import MasterKey
from hub.kafka.topics import IN, OUT
from hub.participants import registry
from hub.participants.registry import participant_grants
from tests.support.clients import Client
from tests.support.earlier import kept
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub
from tests.support.requests import AGENCY, FORWARD, OFFICER, VERIFY, verification
from tests.support.stack import own_database
from tests.support.waiting import eventually

EARLIER = Path(kept.__file__).parent / "hub_0_1"
DUMP = (EARLIER / kept.DUMP).read_bytes()
SUMMARY: dict[str, Any] = json.loads((EARLIER / kept.SUMMARY).read_text("utf-8"))


class EarlierHub(Hub):
    """Its database, topics and key are those that were kept."""

    def _key(self) -> MasterKey:
        shutil.copy(EARLIER / kept.KEY, self.master_key_file)
        key = MasterKey.from_file(self.master_key_file)
        key.store.write_files(self.master_key_file.parent)
        return key

    async def bring_back(self) -> None:
        """Topics with their records; only the broker chooses their ids, and the stored ones follow."""
        for topic, partitions in kept.topics_of(EARLIER / kept.TOPICS).items():
            config = OUT if topic.startswith(f"{self.prefix}out.") else IN
            await asyncio.to_thread(self.admin.create_topic, topic, partitions, config)
        await kept.write_topics(self.address, EARLIER / kept.TOPICS)
        ids = await asyncio.to_thread(self.admin.topic_ids, list(kept.topics_of(EARLIER / kept.TOPICS)))
        for row in await self.database.fetch("select topic, partition, next, batch::text from intake_offset"):
            topic_id = ids[row["topic"]]
            check = self.store_key.offset(row["topic"], row["partition"], topic_id, row["next"], row["batch"])
            await self.database.execute(
                "update intake_offset set topic_id = $3, mac = $4 where topic = $1 and partition = $2",
                row["topic"], row["partition"], topic_id, check,
            )  # fmt: skip

    async def join_again(self, name: str) -> Client:
        """The participant of before with a new password."""
        await asyncio.to_thread(
            self.admin.grant, f"{self.prefix}{name}", participant_grants(name, self.prefix)
        )
        password = await registry.rotate(self.admin, self.database, self.store_key, name)
        client = Client(self.address.kafka_bootstrap, self.prefix, name, password)
        await self._stack.enter_async_context(client)
        return client


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[EarlierHub]:
    async with own_database(stack) as dsn:
        await kept.restore(dsn, DUMP)
        earlier = EarlierHub(stack, dsn, tmp_path, SUMMARY["partitions"], "live")
        earlier.prefix = kept.PREFIX
        await earlier.open()
        try:
            await earlier.bring_back()
            yield earlier
        finally:
            await earlier.close()


async def test_open_dossiers_parked_requests_and_what_was_not_published_go_on(hub: EarlierHub) -> None:
    facts_before = await facts(hub)
    assert await hub.database.fetchval("select count(*) from segment") > 0
    assert await hub.database.fetchval("select count(*) from parked_request") == 4
    counter = await hub.join_again("counter-a")
    engine = await hub.start_engine()
    assert await order_redrive(hub.database, SUMMARY["parked"], "operator", "the bug is gone")

    def answered() -> Counter[str]:
        return Counter(str(m.data["request"]) for m in counter.inbox if ".receipt." in m.type)

    def is_all_answered() -> bool:
        return set(answered()) >= set(SUMMARY["unanswered"])

    await eventually(is_all_answered, 40, "every request of before", engine.output)
    receipt = await counter.ask(FORWARD, SUMMARY["accepted"], {"officer": OFFICER, "to": AGENCY})
    assert receipt.type == "onestop.receipt.accepted.v1"
    receipt = await counter.ask(VERIFY, SUMMARY["forwarded"], verification())
    assert receipt.type == "onestop.receipt.accepted.v1"

    after = await facts(hub)
    assert facts_before
    assert set(facts_before) <= set(after)
    effects = Counter((request, kind) for _, _, request, kind, _ in after)
    assert set(effects.values()) == {1}, "an effect happened twice"
    assert set(SUMMARY["unanswered"]) <= {request for request, _ in effects}
    told = {(m.key, m.headers["ce_sequence"]) for m in counter.inbox if ".receipt." not in m.type}
    assert told == {(dossier, str(sequence)) for dossier, sequence, _, _, to in after if "counter-a" in to}
    assert await hub.database.fetchval("select count(*) from parked_request") == 0
    status, said = await hub_command(hub.environment, "verify")
    assert status == 0, said


async def facts(hub: Hub) -> list[tuple[str, int, str, str, tuple[str, ...]]]:
    """Dossier, sequence, request, type and receivers of every stored fact; what is late by now has two."""
    rows = await hub.database.fetch("select type, bytes from fact order by dossier_id, sequence")
    found = [(row["type"], orjson.loads(row["bytes"])) for row in rows]
    return [
        (body["dossier"], body["sequence"], body["request"], kind, tuple(body["to"])) for kind, body in found
    ]
