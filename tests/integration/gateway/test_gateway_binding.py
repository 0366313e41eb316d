"""The HTTP binding at its edges, on the running gateway: quoted headers, repeated ones, encoded bodies."""

from __future__ import annotations

import gzip
import uuid

import orjson
import pytest

from tests.support.bare_http import answer_of, head, raw
from tests.support.gateways import Site, Visitor
from tests.support.requests import SUBMIT, submission


async def test_quoted_and_encoded_headers_are_the_same_event_as_plain_ones(
    site: Site, counter: Visitor
) -> None:
    event_id, body = str(uuid.uuid4()), orjson.dumps(submission())
    plain = counter.headers(SUBMIT, "ref:quoted", event_id)
    attributes = {name: text for name, text in plain.items() if name.startswith("ce-")}
    quoted = plain | {name: f'"{text}"' for name, text in attributes.items()}
    encoded = plain | {"ce-id": "".join(f"%{byte:02X}" for byte in event_id.encode())}
    answers = [
        await counter.client.post("/v1/events", content=body, headers=headers)
        for headers in (quoted, plain, encoded)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1, "the same receipt, byte for byte"
    rows = "select count(*) from inbox where participant = $1 and id like '%' || $2 || '%'"
    assert await site.hub.database.fetchval(rows, counter.name, event_id) == 1


@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-time", "content-type"])
async def test_a_header_that_comes_twice_is_refused_by_its_name(
    site: Site, counter: Visitor, name: str
) -> None:
    headers = counter.headers(SUBMIT, "ref:twice", str(uuid.uuid4()))
    answer = await counter.client.post(
        "/v1/events", content=orjson.dumps(submission()), headers=[*headers.items(), (name, headers[name])]
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "envelope.repeated_attribute")
    assert answer.json()["fields"] == [name.removeprefix("ce-")]
    stored = "select count(*) from inbox where id = $1"
    assert await site.hub.database.fetchval(stored, headers["ce-id"]) == 0


async def test_a_member_that_comes_twice_is_refused_by_its_name(counter: Visitor) -> None:
    once = orjson.dumps(counter.event(SUBMIT, "ref:twice", submission()))
    answer = await counter.client.post(
        "/v1/events",
        content=b'{"id": "other",' + once[1:],
        headers={"content-type": "application/cloudevents+json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "envelope.repeated_attribute")
    assert answer.json()["fields"] == ["id"]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/documents?sha256=" + "0" * 64])
async def test_a_compressed_body_is_refused_and_told_so(counter: Visitor, path: str) -> None:
    headers = counter.headers(SUBMIT, "ref:gzip", str(uuid.uuid4())) | {"content-encoding": "gzip"}
    answer = await counter.client.post(path, content=gzip.compress(b"0" * 900_000, mtime=0), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "http.content_encoding")
    assert answer.headers["accept-encoding"] == "identity"
    assert answer.json()["fields"] == ["content-encoding"]


async def test_a_page_of_another_origin_is_let_in_nowhere(counter: Visitor) -> None:
    asked = {"origin": "https://portal.example", "access-control-request-method": "POST"}
    preflight = await counter.client.options("/v1/events", headers=asked)
    answered = await counter.client.get("/v1/messages", headers=asked)
    assert (preflight.status_code, answered.status_code) == (405, 200)
    assert not [name for name in (*preflight.headers, *answered.headers) if name.startswith("access-control")]


async def test_a_stream_whose_request_never_ends_is_refused_before_it_begins(
    site: Site, counter: Visitor
) -> None:
    async with raw(site) as (reader, writer):
        begun = head(counter, 10, "/v1/messages", "accept: text/event-stream").replace(b"POST", b"GET", 1)
        writer.write(begun + b"half")
        answer = await answer_of(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"http.slow" in answer
    assert not site.gateway.actions("request_failed")
