"""The SDK of CloudEvents for Python, versions 1 and 2: sends in every mode and reads what comes back.

`python exchange.py kafka|http|streams`, settings as JSON in EXCHANGE; one JSON line for each event read.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import httpx_sse
import sseclient
from cloudevents.core.bindings import http, kafka
from cloudevents.core.bindings.http import HTTPMessage
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import http as http_1
from cloudevents.v1 import kafka as kafka_1
from confluent_kafka import Consumer, Producer

GIVEN: dict[str, Any] = json.loads(os.environ["EXCHANGE"])


def attributes(subject: str, *, has_content_type: bool) -> dict[str, Any]:
    made = {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/participants/{GIVEN['name']}",
        "type": "onestop.dossier.submit.v1", "subject": subject, "partitionkey": subject,
    }  # fmt: skip
    return made | ({"datacontenttype": "application/json"} if has_content_type else {})


def new(*, has_content_type: bool) -> CloudEvent:
    made = attributes(f"ref:Mã-{uuid.uuid4()}", has_content_type=has_content_type)
    return CloudEvent(made | {"time": datetime.now(UTC)}, GIVEN["data"])


def new_1(*, has_content_type: bool) -> http_1.CloudEvent:
    made = attributes(f"ref:{uuid.uuid4()}", has_content_type=has_content_type)
    return http_1.CloudEvent(made | {"time": datetime.now(UTC).isoformat()}, GIVEN["data"])


def tell(way: str, event_id: str, receipt: Any) -> None:
    print(json.dumps({"way": way, "id": event_id, "receipt": dict(receipt)}), flush=True)


def sent_over_kafka() -> Iterator[tuple[str, str, Any]]:
    for has in (True, False):
        for way in ("binary", "structured"):
            event = new(has_content_type=has)
            send = kafka.to_binary_event if way == "binary" else kafka.to_structured_event
            yield f"{way} {has}", event.get_id(), send(event)
            old = new_1(has_content_type=has)
            if way == "binary" and not has:
                continue  # the first version fails on such an event itself
            send_1 = kafka_1.to_binary if way == "binary" else kafka_1.to_structured
            yield f"{way} {has} by version 1", old["id"], send_1(old)


def over_kafka() -> None:
    producer = Producer(GIVEN["connection"] | {"enable.idempotence": True})
    waited: dict[str, str] = {}
    for way, event_id, message in sent_over_kafka():
        waited[event_id] = way
        producer.produce(GIVEN["in"], message.value, key=message.key, headers=list(message.headers.items()))
    assert producer.flush(30) == 0
    consumer = Consumer(GIVEN["connection"] | {"group.id": GIVEN["group"], "auto.offset.reset": "earliest"})
    consumer.subscribe([GIVEN["out"]])
    try:
        while waited:
            record = consumer.poll(1)
            if record is None or record.error():
                continue
            headers: Any = record.headers()
            told = KafkaMessage(dict(headers), record.key(), record.value() or b"")
            event = kafka.from_kafka_event(told)
            old = kafka_1.from_binary(kafka_1.KafkaMessage(told.headers, told.key, told.value))
            assert old["id"] == event.get_id()
            data = event.get_data()
            if ".receipt." in event.get_type() and data.get("request") in waited:
                tell(waited.pop(data["request"]), data["request"], data | {"type": event.get_type()})
    finally:
        consumer.close()


def over_http() -> None:
    headers = {"authorization": f"Bearer {GIVEN['token']}"}
    with httpx.Client(base_url=GIVEN["gateway"], headers=headers, timeout=60) as client:
        for has in (True, False):
            for way, send in (("binary", http.to_binary_event), ("structured", http.to_structured_event)):
                event = new(has_content_type=has)
                message = send(event)
                answer = client.post("/v1/events", content=message.body, headers=message.headers)
                tell(f"{way} {has}", event.get_id(), receipt_of(client, answer))
                old = new_1(has_content_type=has)
                old_headers, body = (http_1.to_binary_http if way == "binary" else http_1.to_structured_http)(
                    old
                )
                answer = client.post("/v1/events", content=body, headers=old_headers)
                tell(f"{way} {has} by version 1", old["id"], receipt_of(client, answer))
        many = [new(has_content_type=True) for _ in range(2)]
        batch = b"[" + b",".join(JSONFormat().write(event) for event in many) + b"]"
        kind = {"content-type": "application/cloudevents-batch+json"}
        answer = client.post("/v1/events", content=batch, headers=kind)
        for event, one in zip(many, answer.json()["answers"], strict=True):
            receipt = JSONFormat().read(None, json.dumps(one["receipt"]))
            tell("batch", event.get_id(), receipt.get_data() | {"type": receipt.get_type()})


def receipt_of(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code == 202:
        answer = client.get(f"{answer.headers['location']}?wait=30")
    assert answer.status_code == 200, answer.text
    event = http.from_http_event(HTTPMessage(dict(answer.headers), answer.content))
    return {**event.get_data(), "type": event.get_type()}


def streams() -> None:
    """A stream with a pause between two messages, in which it says that it lives, as two clients read it."""
    headers = {"authorization": f"Bearer {GIVEN['token']}"}
    with httpx.Client(base_url=GIVEN["gateway"], headers=headers, timeout=60) as client:
        stream, event_id = with_a_pause(client)
    source = httpx_sse.EventSource(
        httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    )
    read("httpx-sse", event_id, ((sse.event, sse.data) for sse in source.iter_sse()))
    events = sseclient.SSEClient([stream]).events()
    read("sseclient-py", event_id, ((sse.event, sse.data) for sse in events))


def with_a_pause(client: httpx.Client) -> tuple[bytes, str]:
    """The bytes of a stream up to the receipt of an event that was sent in its pause."""
    stream, event, is_sent = b"", new(has_content_type=True), False
    with client.stream("GET", "/v1/messages", headers={"accept": "text/event-stream"}) as answer:
        for piece in answer.iter_bytes():
            stream += piece
            if b": alive" in stream and not is_sent:
                assert b"id: " in stream.split(b": alive")[0]
                message = http.to_structured_event(event)
                client.post("/v1/events", content=message.body, headers=message.headers)
                is_sent = True
            if f'"request":"{event.get_id()}"'.encode() in stream and stream.endswith(b"\n\n"):
                break
    return stream, event.get_id()


def read(way: str, event_id: str, events: Iterator[tuple[str, str]]) -> None:
    for kind, text in events:
        assert kind == "message", (kind, text)
        event = JSONFormat().read(None, text)
        data = event.get_data()
        if ".receipt." in event.get_type() and data.get("request") == event_id:
            tell(way, event_id, data | {"type": event.get_type()})
            return


if __name__ == "__main__":
    {"kafka": over_kafka, "http": over_http, "streams": streams}[sys.argv[1]]()
