"""Topics whose settings somebody changed are not read, and no time of a record ends an engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.traffic import Traffic, metric, metric_becomes
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

_DAY_MS = 86_400_000
_YEAR_10000_MS = 253_402_300_800_000


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1) as opened:
        yield opened


async def change(hub: Hub, topic: str, **settings: str) -> None:
    """Underscores in the names stand for dots."""
    values = {name.replace("_", "."): value for name, value in settings.items()}
    await asyncio.to_thread(hub.admin.set_topic, topic, values)


async def let_clients_say_the_time(hub: Hub, client: Client) -> None:
    """Returns when the broker takes any time that a client names."""
    limits = {f"message_timestamp_{way}_max_ms": str(2**63 - 1) for way in ("before", "after")}
    await change(hub, client.in_topic, message_timestamp_type="CreateTime", **limits)

    async def is_taken() -> bool:
        sent = await client._producer.send_and_wait(client.in_topic, b"x", timestamp_ms=_YEAR_10000_MS)
        return bool(sent.timestamp == _YEAR_10000_MS)

    await eventually(is_taken, 30, "the broker to take the client's time")


async def send_at(client: Client, time_ms: int) -> str:
    """A submission whose record says that it was made then."""
    event_id = str(uuid4())
    headers = client.headers(SUBMIT, f"ref:{event_id}", event_id)
    await client._producer.send_and_wait(
        client.in_topic,
        value=orjson.dumps(submission()),
        key=f"ref:{event_id}".encode(),
        headers=[(name, text.encode()) for name, text in headers.items()],
        timestamp_ms=time_ms,
    )
    return event_id


async def stops_naming(engine: HubProcess, topic: str, *words: str) -> None:
    def has_stopped() -> bool:
        lines = [line for line in engine.actions("partition_stopped") if line["topic"] == topic]
        return any(all(word in str(line["reason"]) for word in words) for line in lines)

    await eventually(has_stopped, 30, f"{topic} to stop because of {words}", engine.output)


@pytest.mark.parametrize(
    ("setting", "wrong", "right"),
    [
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("cleanup.policy", "compact", "delete"),
        ("compression.type", "producer", "uncompressed"),
    ],
)
async def test_a_setting_that_an_operator_changes_stops_its_topic_by_name_until_it_is_set_right(
    hub: Hub, setting: str, wrong: str, right: str
) -> None:
    changed, other = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
    traffic = Traffic(hub, [changed, other])
    engine = await hub.start_engine()
    await traffic.submit(changed)
    await traffic.answered()
    await asyncio.to_thread(hub.admin.set_topic, changed.in_topic, {setting: wrong})
    await stops_naming(engine, changed.in_topic, setting, wrong, right)
    await metric_becomes(engine, 1, "hub_partition_stopped", topic=changed.in_topic)
    await traffic.submit(other)
    await traffic.answered()
    await asyncio.to_thread(hub.admin.set_topic, changed.in_topic, {setting: right})

    async def goes_on() -> bool:
        return await metric(engine, "hub_partition_stopped", topic=changed.in_topic) == 0

    await eventually(goes_on, 30, "the topic to be read again", engine.output)
    await traffic.submit(changed)
    await traffic.check()


async def test_a_wrong_setting_is_seen_at_the_start_before_a_record_is_taken(hub: Hub) -> None:
    client = await hub.join("counter-a", ["counter"], [ONE_STOP])
    await let_clients_say_the_time(hub, client)
    early = await send_at(client, int(time.time() * 1000) - 6 * _DAY_MS)
    engine = await hub.start_engine()
    await stops_naming(engine, client.in_topic, "message.timestamp.type")
    assert await hub.database.fetchval("select count(*) from inbox") == 0
    await change(hub, client.in_topic, message_timestamp_type="LogAppendTime")
    receipt = await client.receipt(early)
    assert receipt.data["code"] == "envelope.unstamped"
    assert await hub.database.fetchval("select count(*) from fact") == 0
    again = await client.send(SUBMIT, f"ref:{early}", submission(), event_id=early)
    assert (await client.receipt_of_type(again, "onestop.receipt.accepted.v1")).data["facts"]


@pytest.mark.parametrize("time_ms", [_YEAR_10000_MS, (1 << 62), 0, 1])
async def test_no_time_of_a_record_ends_an_engine(hub: Hub, time_ms: int) -> None:
    client = await hub.join("counter-a", ["counter"], [ONE_STOP])
    await let_clients_say_the_time(hub, client)
    strange = await send_at(client, time_ms)
    await change(hub, client.in_topic, message_timestamp_type="LogAppendTime")
    engine = await hub.start_engine()
    assert (await client.receipt(strange)).data["code"] == "envelope.unstamped"
    letter = await hub.database.fetchrow(
        "select reason, received_at from dead_letter order by id desc limit 1"
    )
    assert letter is not None
    assert letter["reason"] == "envelope.unstamped"
    assert abs(letter["received_at"].timestamp() - time.time()) < 600
    following = await client.send(SUBMIT, "ref:after", submission())
    assert (await client.receipt(following)).data["facts"]
    assert engine.exit_status is None
