"""Requests over HTTPS: published, decided, answered with the receipt; repeats, batches, crashes."""

from __future__ import annotations

import asyncio
import signal
import uuid
from hashlib import sha256

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.support.gateways import Site, Visitor
from tests.support.requests import SUBMIT, WITHDRAW, submission
from tests.support.stack import aiokafka_settings
from tests.support.waiting import eventually


async def test_a_posted_request_is_answered_with_its_receipt(counter: Visitor) -> None:
    event_id = str(uuid.uuid4())
    answer = await counter.send(SUBMIT, "ref:first", submission(), event_id=event_id)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ce-type"] == "onestop.receipt.accepted.v1"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["request"] == event_id
    assert answer.json()["facts"][0]["sequence"] == 1


async def test_a_repeat_gets_the_first_receipt_byte_for_byte(counter: Visitor) -> None:
    event_id = str(uuid.uuid4())
    first = await counter.send(SUBMIT, "ref:twice", submission(), event_id=event_id)
    again = await counter.send(SUBMIT, "ref:twice", submission(), event_id=event_id)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first.headers["ce-id"] == again.headers["ce-id"]


async def test_an_id_with_other_contents_is_a_conflict_and_the_first_receipt_stays(counter: Visitor) -> None:
    event_id = str(uuid.uuid4())
    first = await counter.send(SUBMIT, "ref:reused", submission(), event_id=event_id)
    other = await counter.send(SUBMIT, "ref:reused-2", submission(), event_id=event_id)
    assert other.status_code == 409
    assert other.json()["code"] == "security.id_reused"
    assert (await counter.client.get(f"/v1/receipts/{event_id}")).content == first.content


async def test_a_request_that_a_rule_refuses_is_answered_with_its_refusal(counter: Visitor) -> None:
    answer = await counter.send(WITHDRAW, "ref:nothing-here", {"reason": "Thử"})
    assert answer.status_code == 200
    assert answer.headers["ce-type"] == "onestop.receipt.refused.v1"
    assert answer.json()["code"] == "unknown_dossier"


async def test_attributes_in_headers_may_be_percent_encoded(counter: Visitor) -> None:
    headers = counter.headers(SUBMIT, "ref:%48%53-7", str(uuid.uuid4()))
    answer = await counter.client.post("/v1/events", content=orjson.dumps(submission()), headers=headers)
    assert answer.status_code == 200
    looked_up = await counter.client.get("/v1/dossiers/ref:HS-7")
    assert looked_up.json()["dossier"] == answer.json()["dossier"]


def spaced(event: dict[str, object], data: bytes) -> bytes:
    """The event with `data` exactly as given: spaces, order and escapes that no encoder would write."""
    head = orjson.dumps({name: content for name, content in event.items() if name != "data"})
    return b"{ \n" + head[1:-1] + b',\n "data" :  ' + data + b"  }"


DATA = orjson.dumps(submission()).replace(b":", b" :\t ", 3).replace(b"in_person", b"in\\u005fperson", 1)


async def stored_digest(site: Site, participant: str, event_id: str) -> bytes:
    query = "select digest from inbox where participant = $1 and id = $2"
    digest: bytes = await site.hub.database.fetchval(query, participant, event_id)
    return digest


async def test_what_the_engine_reads_is_byte_for_byte_what_was_posted(site: Site, counter: Visitor) -> None:
    for mode in ("binary", "structured", "batch"):
        event = counter.event(SUBMIT, f"ref:bytes-{mode}", None)
        if mode == "binary":
            answer = await counter.send(SUBMIT, f"ref:bytes-{mode}", DATA, event_id=event["id"])
        else:
            body = spaced(event, DATA) if mode == "structured" else b"[" + spaced(event, DATA) + b" ]"
            kind = f"application/cloudevents{'-batch' if mode == 'batch' else ''}+json; charset=UTF-8"
            answer = await counter.client.post("/v1/events", content=body, headers={"content-type": kind})
        assert answer.status_code == 200, answer.text
        plain = sha256(f"{SUBMIT}\x1fref:bytes-{mode}\x1f\x1f".encode() + DATA).digest()
        expected = site.hub.store_key.digest(plain)
        assert await stored_digest(site, counter.name, event["id"]) == expected


async def test_a_structured_event_is_answered_as_a_structured_receipt(counter: Visitor) -> None:
    event = counter.event(SUBMIT, "ref:structured", submission())
    answer = await counter.client.post(
        "/v1/events", content=orjson.dumps(event), headers={"content-type": "application/cloudevents+json"}
    )
    assert answer.headers["content-type"] == "application/cloudevents+json"
    receipt = answer.json()
    assert receipt["type"] == "onestop.receipt.accepted.v1"
    assert receipt["specversion"] == "1.0"
    assert receipt["data"]["request"] == event["id"]


async def post_batch(visitor: Visitor, events: list[dict[str, object]]) -> httpx.Response:
    return await visitor.client.post(
        "/v1/events",
        content=orjson.dumps(events),
        headers={"content-type": "application/cloudevents-batch+json"},
    )


async def test_a_batch_is_decided_in_its_order(counter: Visitor) -> None:
    events = [
        counter.event(SUBMIT, "ref:batch", submission()),
        counter.event(WITHDRAW, "ref:batch", {"reason": "Thử"}),
        counter.event(WITHDRAW, "ref:batch", {"reason": "Thử"}),
    ]
    answer = await post_batch(counter, events)
    assert answer.status_code == 200, answer.text
    found = answer.json()["answers"]
    assert [item["id"] for item in found] == [event["id"] for event in events]
    kinds = [item["receipt"]["type"].split(".")[2] for item in found]
    codes = [item["receipt"]["data"].get("code") for item in found]
    assert (kinds, codes[2]) == (["accepted", "accepted", "refused"], "state.conflict"), codes


async def test_nothing_of_a_batch_is_published_when_one_of_it_is_no_envelope(
    site: Site, counter: Visitor
) -> None:
    good = counter.event(SUBMIT, "ref:whole-or-not", submission())
    bad = counter.event(SUBMIT, "ref:whole-or-not-2", submission()) | {"time": "yesterday"}
    answer = await post_batch(counter, [good, bad])
    assert (answer.status_code, answer.json()["fields"]) == (400, ["[1].time"])
    assert await stored_digest(site, counter.name, str(good["id"])) is None
    assert (await counter.client.get("/v1/dossiers/ref:whole-or-not")).status_code == 404


async def test_an_empty_batch_is_an_empty_answer(counter: Visitor) -> None:
    answer = await post_batch(counter, [])
    assert (answer.status_code, answer.json()) == (200, {"answers": []})


async def test_while_the_engine_is_away_there_is_a_receipt_url(site: Site, counter: Visitor) -> None:
    engine = site.hub.processes[0]
    event_id = str(uuid.uuid4())
    engine.signal(signal.SIGSTOP)
    try:
        pending = await counter.send(SUBMIT, "ref:later", submission(), event_id=event_id)
        assert pending.status_code == 202
        assert pending.headers["location"] == f"/v1/receipts/{event_id}"
        assert pending.json() == {"request": event_id, "receipt_url": f"/v1/receipts/{event_id}"}
        not_yet = await counter.client.get(pending.headers["location"])
        assert (not_yet.status_code, not_yet.headers["retry-after"]) == (404, "1")
    finally:
        engine.signal(signal.SIGCONT)
    receipt = await counter.client.get(f"{pending.headers['location']}?wait=20")
    assert receipt.status_code == 200
    assert receipt.headers["ce-type"] == "onestop.receipt.accepted.v1"


async def test_the_receipt_survives_a_gateway_that_is_killed_before_it_answers(
    site: Site, counter: Visitor
) -> None:
    engine, event_id = site.hub.processes[0], str(uuid.uuid4())
    topic = f"{site.hub.prefix}in.{counter.name}"
    before = await end_of(site, topic)
    engine.signal(signal.SIGSTOP)
    try:
        asking = asyncio.create_task(counter.send(SUBMIT, "ref:cut", submission(), event_id=event_id))

        async def is_published() -> bool:
            return await end_of(site, topic) > before

        await eventually(is_published, 10, "the record in the log")
        await site.gateway.kill()
        with pytest.raises(httpx.TransportError):
            await asking
    finally:
        engine.signal(signal.SIGCONT)
    site.gateway.start()
    again = await site.visitor(counter.name, counter.token)
    counter.client = again.client
    repeated = await again.send(SUBMIT, "ref:cut", submission(), event_id=event_id)
    assert repeated.status_code == 200, repeated.text
    assert (await again.client.get(f"/v1/receipts/{event_id}")).content == repeated.content
    facts = await site.hub.database.fetchval(
        "select count(*) from fact where dossier_id = $1::text::uuid", repeated.json()["dossier"]
    )
    assert facts == 1


async def end_of(site: Site, topic: str) -> int:
    """How many records the topic has taken, by the broker."""
    async with AIOKafkaConsumer(**aiokafka_settings(site.hub.address)) as consumer:
        partitions = [TopicPartition(topic, number) for number in range(site.hub.partitions)]
        return sum((await consumer.end_offsets(partitions)).values())
