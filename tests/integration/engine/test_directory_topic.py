"""The compacted topic `directory`: every participant reads it, and it follows who takes part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.embedded.stack import StackAddress
from hub.kafka.admin import Grant
from hub.kafka.client import AIOKafkaConsumer, TopicPartition
from hub.kafka.topics import DIRECTORY_TOPIC
from hub.participants import registry, upkeep
from hub.participants.registry import directory_grants
from schemas.directory import DirectoryOrganisation, DirectoryProcedure
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.requests import AGENCY, ONE_STOP, PROCEDURE
from tests.support.waiting import eventually


async def rights_are(hub: Hub, user: str, wanted: Sequence[Grant]) -> bool:
    """Whether of a reader's rights the user has these; a broker tells of a change a moment later."""
    readers = set(directory_grants(hub.prefix))
    return readers & await asyncio.to_thread(hub.admin.rights_of, user) == set(wanted)


class Reader:
    """What a participant makes of the topic: the last value of each key."""

    def __init__(self, hub: Hub, name: str, password: str) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.types: set[str] = set()
        self._client = Client(hub.address.kafka_bootstrap, hub.prefix, name, password)
        self._topic = f"{hub.prefix}{DIRECTORY_TOPIC}"

    async def read(self) -> dict[str, dict[str, Any]]:
        """All of the topic from its beginning."""
        found: dict[str, dict[str, Any]] = {}
        place = TopicPartition(self._topic, 0)
        consumer = AIOKafkaConsumer(**self._client.settings)
        await consumer.start()
        try:
            begin = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            consumer.assign([place])
            consumer.seek(place, begin)
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                    headers = {name: content.decode() for name, content in record.headers}
                    assert headers["ce_subject"] == record.key.decode()
                    self.types.add(headers["ce_type"])
                    found.pop(record.key.decode(), None)
                    if record.value is not None:
                        found[record.key.decode()] = json.loads(record.value)
        finally:
            await consumer.stop()
        self.found = found
        return found

    async def sees(self, key: str, *, is_there: bool = True) -> None:
        async def does() -> bool:
            return (key in await self.read()) == is_there

        await eventually(does, 40, f"{key} {'in' if is_there else 'out of'} the directory")


async def test_participants_read_what_they_may_name_as_it_is_now(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path) as hub:
        reader = Reader(hub, "counter-a", await hub.register("counter-a", ["counter"], [ONE_STOP]))
        engine = await hub.start_engine()
        await reader.sees(f"organisation:{ONE_STOP}")
        assert DirectoryOrganisation.model_validate(reader.found[f"organisation:{ONE_STOP}"]).is_one_stop
        procedure = json.dumps(reader.found[f"procedure:{PROCEDURE}"])
        assert DirectoryProcedure.model_validate_json(procedure).code == PROCEDURE
        assert reader.types == {"onestop.directory.procedure.v1", "onestop.directory.organisation.v1"}

        await hub.register("agency-a", ["agency"], [AGENCY])
        await reader.sees(f"organisation:{AGENCY}")
        await registry.remove(hub.admin, hub.database, hub.store_key, "agency-a")
        await reader.sees(f"organisation:{AGENCY}", is_there=False)

        assert await engine.stop() == 0
        another = await hub.start_engine("engine-2")
        await hub.register("agency-b", ["agency"], [AGENCY])
        await reader.sees(f"organisation:{AGENCY}")
        await eventually(lambda: bool(another.actions("directory_published")), 20, "the engine's word")
        told = [one["changed"] for one in another.actions("directory_published")]
        assert told == [1], "the rest was there"

        user, rights = registry.user_of("counter-a", hub.prefix), directory_grants(hub.prefix)
        await asyncio.to_thread(hub.admin.revoke, user, rights)
        await eventually(lambda: rights_are(hub, user, []), 20, "no rights, as before there was one")
        await upkeep.open_directory(hub.admin, hub.database, hub.store_key)
        await eventually(lambda: rights_are(hub, user, rights), 20, "the rights of a reader")
