"""The own messages by cursor, as long poll and as a stream; foreign, expired and survived cursors."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from hub.gateway.cursor import write_cursor
from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.stack import aiokafka_settings, kafka_admin
from tests.support.waiting import eventually, within


async def until_empty(visitor: Visitor, cursor: str | None = None) -> tuple[list[dict[str, Any]], str]:
    """Everything from the cursor on, and the cursor behind it."""
    found: list[dict[str, Any]] = []
    while True:
        piece = await visitor.messages(cursor, wait=1)
        found += piece["messages"]
        cursor = piece["cursor"]
        if not piece["messages"]:
            return found, cursor


async def test_the_feed_gives_facts_and_receipts_in_the_order_of_the_dossier(counter: Visitor) -> None:
    answer = await counter.receipt(SUBMIT, "ref:feed-1", submission())
    await counter.receipt(WITHDRAW, "ref:feed-1", {})
    messages, _ = await until_empty(counter)
    mine = [item for item in messages if item["data"].get("dossier", item["subject"]) == answer["dossier"]]
    facts = [int(item["sequence"]) for item in mine if "sequence" in item]
    assert facts == [1, 2]
    assert all(item["specversion"] == "1.0" and item["source"] == "/participants/hub" for item in messages)
    assert {item["partitionkey"] for item in mine} == {answer["dossier"]}


async def test_the_partition_key_is_the_key_on_kafka_in_every_form(site: Site, counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    event_id = str(uuid.uuid4())
    posted = await counter.send(SUBMIT, "ref:feed-key", submission(), event_id=event_id)
    headers = {"accept": "text/event-stream"}
    async with counter.client.stream("GET", f"/v1/messages?cursor={cursor}", headers=headers) as stream:
        source = events_of(stream)
        streamed = [(await anext(source))[1] for _ in range(2)]
    structured = await counter.client.get(
        f"/v1/receipts/{event_id}", headers={"accept": "application/cloudevents+json"}
    )
    polled, _ = await until_empty(counter, cursor)
    keys = await keys_on_kafka(site, counter)
    dossier = posted.json()["dossier"]
    assert {item["id"]: item["partitionkey"] for item in polled} == {item["id"]: dossier for item in streamed}
    assert all(keys[item["id"]] == item["partitionkey"] == dossier for item in [*polled, structured.json()])
    assert posted.headers["ce-partitionkey"] == dossier


async def test_where_no_dossier_was_found_the_partition_key_is_the_subject(counter: Visitor) -> None:
    refused = await counter.send(WITHDRAW, "ref:nothing-at-all", {})
    assert refused.headers["ce-partitionkey"] == "ref:nothing-at-all"


async def keys_on_kafka(site: Site, visitor: Visitor) -> dict[str, str]:
    """Keys of all records of the participant's topic by `ce_id`, as another consumer sees them."""
    topic = f"{site.hub.prefix}out.{visitor.name}"
    found: dict[str, str] = {}
    async with AIOKafkaConsumer(**aiokafka_settings(site.hub.address)) as consumer:
        partitions = [Partition(topic, number) for number in range(site.hub.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(item) < ends[item] for item in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found |= {dict(record.headers)["ce_id"].decode(): record.key.decode() for record in records}
    return found


async def test_a_cursor_goes_on_where_it_stood(counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    answer = await counter.receipt(SUBMIT, "ref:feed-2", submission())
    one_by_one: list[dict[str, Any]] = []
    here = cursor
    while len(one_by_one) < 2:
        piece = await counter.messages(here, wait=10, limit=1)
        assert len(piece["messages"]) == 1
        one_by_one += piece["messages"]
        here = piece["cursor"]
    again, _ = await until_empty(counter, cursor)
    assert one_by_one == again
    assert {item["data"].get("dossier", item["data"].get("request")) for item in again} >= {answer["dossier"]}


async def test_a_long_poll_returns_when_something_comes(counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    started = time.monotonic()
    waiting = asyncio.create_task(counter.messages(cursor, wait=30))
    await counter.receipt(SUBMIT, "ref:feed-3", submission())
    assert (await waiting)["messages"]
    assert time.monotonic() - started < 15


async def events_of(stream: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Id and data of each message of an event stream."""
    place = ""
    async for line in stream.aiter_lines():
        if line.startswith("id: "):
            place = line[4:]
        elif line.startswith("data: "):
            yield place, orjson.loads(line[6:])


async def test_a_stream_holds_no_event_but_messages(counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    await counter.receipt(SUBMIT, "ref:feed-blocks", submission())
    headers = {"accept": "text/event-stream"}
    async with counter.client.stream("GET", f"/v1/messages?cursor={cursor}", headers=headers) as stream:
        blocks: list[list[str]] = [[]]
        async for line in stream.aiter_lines():
            if line:
                blocks[-1].append(line)
            elif len(blocks) == 2:
                break
            else:
                blocks.append([])
    first, second = ([line.split(":")[0] for line in block] for block in blocks)
    assert first == ["", "retry", "id", "event", "data"], "a block of its own would count as an empty message"
    assert second == ["id", "event", "data"]


async def test_a_stream_goes_on_behind_the_last_event_id(counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    await counter.receipt(SUBMIT, "ref:feed-4", submission())
    headers = {"accept": "text/event-stream"}
    async with counter.client.stream("GET", f"/v1/messages?cursor={cursor}", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        source = events_of(stream)
        first_id, first = await anext(source)
        _, second = await anext(source)
    headers["last-event-id"] = first_id
    async with counter.client.stream("GET", "/v1/messages", headers=headers) as stream:
        assert (await anext(events_of(stream)))[1] == second
    assert first != second


async def test_a_cursor_outlives_a_killed_gateway(site: Site, counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    await counter.receipt(SUBMIT, "ref:feed-5", submission())
    before = await counter.messages(cursor, wait=10)
    await site.gateway.kill()
    site.gateway.start()
    counter.client = (await site.visitor(counter.name, counter.token)).client
    after = await counter.messages(cursor, wait=10)
    assert after["messages"][0] == before["messages"][0]


async def test_a_stop_ends_waiting_feeds_and_loses_nothing(site: Site, counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    polling = asyncio.create_task(counter.messages(cursor, wait=30))
    headers = {"accept": "text/event-stream"}
    async with counter.client.stream("GET", f"/v1/messages?cursor={cursor}", headers=headers) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        assert await site.gateway.stop() == 0
        assert [line async for line in lines if line.startswith("data")] == []
    assert (await polling)["messages"] == []
    assert site.gateway.actions("gateway_stopped")
    site.gateway.start()
    counter.client = (await site.visitor(counter.name, counter.token)).client
    await counter.receipt(SUBMIT, "ref:feed-6", submission())
    assert (await counter.messages(cursor, wait=10))["messages"]


async def test_a_foreign_or_broken_cursor_is_refused(site: Site, counter: Visitor) -> None:
    other = await site.join("counter-other-feed", ["counter"], [ONE_STOP])
    _, foreign = await until_empty(other)
    for cursor in (foreign, "nonsense", "*", "A" * 5000, foreign[:-4]):
        answer = await counter.client.get("/v1/messages", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "feed.cursor"), cursor


async def test_messages_that_are_no_longer_kept_are_said_to_be_gone(site: Site) -> None:
    late = await site.join("counter-late", ["counter"], [ONE_STOP])
    assert (await until_empty(late))[0]
    old = write_cursor(late.name, dict.fromkeys(range(site.hub.partitions), 0))
    topic = f"{site.hub.prefix}out.{late.name}"
    await asyncio.to_thread(delete_all, kafka_admin(site.hub.address), topic, site.hub.partitions)
    answer = await late.client.get("/v1/messages", params={"cursor": old})
    assert (answer.status_code, answer.json()["code"]) == (410, "feed.expired")
    headers = {"accept": "text/event-stream", "last-event-id": old}
    stream = await late.client.get("/v1/messages", headers=headers)
    assert (stream.status_code, stream.json()["code"]) == (410, "feed.expired"), (
        "a client that is told so stops"
    )
    assert stream.headers["content-type"] == "application/problem+json"
    await late.receipt(SUBMIT, "ref:late-1", submission())
    assert (await late.messages(wait=10))["messages"]


def delete_all(admin: AdminClient, topic: str, partitions: int) -> None:
    """Let the broker forget what the topic holds, as its retention would."""
    ends = [TopicPartition(topic, number, -1) for number in range(partitions)]
    for future in admin.delete_records(ends).values():
        future.result(10)


async def test_more_feeds_than_allowed_are_refused(counter: Visitor) -> None:
    _, cursor = await until_empty(counter)
    asked = [counter.client.get("/v1/messages", params={"cursor": cursor, "wait": 3}) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429]


async def test_streams_that_begin_at_once_are_no_more_than_allowed_and_give_their_places_back(
    site: Site,
) -> None:
    """Without a cursor each has to ask the broker before it begins."""
    crowd = await site.join("counter-crowd", ["counter"], [ONE_STOP])
    answered, over, statuses = asyncio.Semaphore(0), asyncio.Event(), list[int]()

    async def held() -> None:
        headers = {"accept": "text/event-stream"}
        async with crowd.client.stream("GET", "/v1/messages", headers=headers) as stream:
            statuses.append(stream.status_code)
            answered.release()
            await over.wait()

    for _ in range(2):
        over.clear()
        statuses.clear()
        streams = [asyncio.create_task(held()) for _ in range(60)]
        async with within(20):
            for _ in streams:
                await answered.acquire()
        over.set()
        await asyncio.gather(*streams)
        assert (statuses.count(200), statuses.count(429)) == (3, 57)
        await eventually(lambda: feeds_open(site), 10, "the places to be free")


async def feeds_open(site: Site) -> bool:
    return "hub_gateway_feeds_open 0.0" in await site.gateway.metrics()
