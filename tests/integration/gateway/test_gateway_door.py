"""Who is let in, and what is refused before it is read: tokens, rates, sizes, slow clients, bad HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import orjson
import pytest

from hub.participants import registry as participants
from tests.support.bare_http import answer_of, head, raw
from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long

PROBLEM = "application/problem+json"


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == status
    assert all(problem[member] for member in ("type", "title", "title_vi", "detail", "detail_vi"))


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer wrong-token-of-some-length-000000",
        "Basic Y291bnRlcjpwYXNz",
        "Bearer " + "A" * 5000,
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/dossiers/ref:1", "/no/such/path", "/metrics", "/docs"])
async def test_without_a_valid_token_every_address_answers_alike(site: Site, shown: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=await site.gateway.door()) as stranger:
        answer = await stranger.get(path, headers={"authorization": shown} if shown else {})
    assert_problem(answer, 401, "http.unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_refused_calls_are_told_at_once_and_then_by_the_minute(site: Site, counter: Visitor) -> None:
    for number in range(5):
        answer = await counter.client.get(f"/v1/dossiers/ref:083090000001-{number}")
        assert_problem(answer, 404, "dossier.unknown")
    kind = (counter.name, "dossier.unknown")
    told = site.gateway.actions("call_refused")
    lines = [line for line in told if (line["participant"], line["code"]) == kind]
    assert 1 <= len(lines) < 5
    assert (lines[0]["count"], lines[0]["call"]) == (1, "GET dossiers"), "nothing that a caller has typed"


async def test_two_authorizations_are_none(counter: Visitor) -> None:
    pairs = [("authorization", f"Bearer {counter.token}"), ("authorization", f"Bearer {counter.token}")]
    async with httpx.AsyncClient(base_url=counter.client.base_url) as client:
        assert_problem(await client.get("/v1/messages", headers=pairs), 401, "http.unauthorized")


async def test_the_contract_is_open_to_everybody(site: Site) -> None:
    async with httpx.AsyncClient(base_url=await site.gateway.door()) as stranger:
        answer = await stranger.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


async def test_a_stranger_is_answered_before_any_of_its_body_is_read(site: Site) -> None:
    async with raw(site) as (reader, writer):
        writer.write(head(None, 900_000, "/v1/events", "expect: 100-continue"))
        answer = await answer_of(reader)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in answer


async def test_an_oversized_body_is_refused_by_its_announcement(site: Site, counter: Visitor) -> None:
    async with raw(site) as (reader, writer):
        writer.write(head(counter, 50_000_000, "/v1/events", "expect: 100-continue"))
        answer = await answer_of(reader)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"http.too_large" in answer
    assert b"100 Continue" not in answer


async def test_an_oversized_body_of_unknown_length_is_cut_off(counter: Visitor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 100_000

    try:
        answer = await counter.client.post(
            "/v1/events", content=endless(), headers={"content-type": "application/json"}
        )
    except httpx.TransportError:
        return
    assert_problem(answer, 413, "http.too_large")


async def test_a_value_over_256_kib_is_refused_as_on_kafka(counter: Visitor) -> None:
    answer = await counter.send(SUBMIT, "ref:large", b'{"a": "' + b"x" * (256 * 1024) + b'"}')
    assert_problem(answer, 413, "envelope.too_large")


async def test_a_body_that_stalls_is_refused(site: Site, counter: Visitor) -> None:
    async with raw(site) as (reader, writer):
        writer.write(head(counter, 1000) + b'{"half":')
        answer = await answer_of(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"http.slow" in answer


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/documents", "/v1/documents?sha256=" + "0" * 64])
async def test_an_answer_before_the_end_of_the_body_ends_the_connection(
    site: Site, counter: Visitor, path: str
) -> None:
    async with raw(site) as (reader, writer):
        writer.write(head(counter, 100_000, path) + b"begun")
        answer = await answer_of(reader)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 415 "))
    assert b"connection: close" in answer


async def test_a_head_that_never_ends_is_refused(site: Site) -> None:
    async with raw(site) as (reader, writer):
        writer.write(b"GET /v1/messages HTTP/1.1\r\nhost: gate")
        assert (await answer_of(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_says_nothing_is_closed(site: Site) -> None:
    async with raw(site) as (reader, _):
        assert (await answer_of(reader)).startswith(b"HTTP/1.1 408 ")


async def test_what_is_no_http_is_refused_in_both_languages(site: Site) -> None:
    async with raw(site) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
        answer = await answer_of(reader)
    assert answer.startswith(b"HTTP/1.1 400 ")
    problem = orjson.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert (problem["code"], bool(problem["title_vi"])) == ("http.no_http", True)


async def test_an_endless_header_is_refused(site: Site, counter: Visitor) -> None:
    async with raw(site) as (reader, writer):
        writer.write(head(counter, 2, "/v1/events", "x-filler: " + "f" * 200_000))
        async with within(10):
            answer = await reader.read(100)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_unknown_addresses_and_methods_are_problems(counter: Visitor) -> None:
    assert_problem(await counter.client.get("/v1/nothing"), 404, "http.unknown_address")
    assert_problem(await counter.client.get("/v1/events/"), 404, "http.unknown_address")
    wrong = await counter.client.delete("/v1/messages")
    assert_problem(wrong, 405, "http.method")
    assert "GET" in wrong.headers["allow"]


async def test_wrong_parameters_are_named_without_their_values(counter: Visitor) -> None:
    answer = await counter.client.get("/v1/messages", params={"wait": "secret-1", "limit": 0})
    assert_problem(answer, 400, "http.invalid_parameter")
    assert answer.json()["fields"] == ["wait", "limit"]
    faults = [{"path": "wait", "reason": "type"}, {"path": "limit", "reason": "range"}]
    assert answer.json()["faults"] == faults
    assert "secret-1" not in answer.text


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("text/plain", b"{}", 415, "http.media_type"),
        ("application/cloudevents+xml", b"<event/>", 415, "http.media_type"),
        ("application/json", b"{}", 400, "envelope.missing_attribute"),
        ("application/cloudevents+json", b"{", 400, "http.no_cloud_event"),
        ("application/cloudevents+json", b"[" * 1000, 400, "http.no_cloud_event"),
        ("application/cloudevents+json", b'{"id": 7}', 400, "http.no_cloud_event"),
        ("application/cloudevents+json", b"\xff\xfe", 400, "http.no_cloud_event"),
        ("application/cloudevents+json", b"[" * 5000, 413, "schema.too_many_values"),
        ("application/cloudevents-batch+json", b"{}", 400, "http.no_cloud_event"),
        ("application/cloudevents-batch+json", b"[" + b"{}," * 100 + b"{}]", 400, "http.batch_too_long"),
        ("", b"{}", 400, "envelope.missing_attribute"),
        ("application/cloudevents+avro", b"{}", 415, "http.media_type"),
    ],
)
async def test_what_is_no_event_is_refused(
    counter: Visitor, content_type: str, body: bytes, status: int, code: str
) -> None:
    answer = await counter.client.post("/v1/events", content=body, headers={"content-type": content_type})
    assert_problem(answer, status, code)


@pytest.mark.parametrize(
    ("changed", "value", "code"),
    [
        ("ce-id", "two words", "envelope.wrong_attribute"),
        ("ce-time", "yesterday", "envelope.bad_time"),
        ("ce-subject", "ref:083090000001", "envelope.identity_in_key"),
        ("ce-subject", "%FF", "envelope.bad_text"),
        ("ce-specversion", "0.3", "envelope.wrong_attribute"),
    ],
)
async def test_an_envelope_that_the_engine_would_bury_is_refused_at_the_door(
    counter: Visitor, changed: str, value: str, code: str
) -> None:
    headers = counter.headers(SUBMIT, "ref:door", str(uuid.uuid4())) | {changed: value}
    answer = await counter.client.post("/v1/events", content=orjson.dumps(submission()), headers=headers)
    assert_problem(answer, 400, code)
    assert value not in answer.text


@pytest.mark.parametrize("value", [b"", b"{", b"{'a': 1}", b"\xff", b"[" * 1000])
async def test_data_that_is_no_json_is_refused_at_the_door(counter: Visitor, value: bytes) -> None:
    assert_problem(await counter.send(SUBMIT, "ref:door", value), 400, "envelope.no_json")


async def test_a_participant_cannot_write_as_another(site: Site, counter: Visitor) -> None:
    other = await site.join("counter-victim", ["counter"], [ONE_STOP])
    headers = counter.headers(SUBMIT, "ref:forged", str(uuid.uuid4()))
    headers["ce-source"] = f"/participants/{other.name}"
    answer = await counter.client.post("/v1/events", content=orjson.dumps(submission()), headers=headers)
    assert answer.json()["code"] == "security.foreign_source"
    stored = "select participant from inbox where id = $1"
    assert await site.hub.database.fetchval(stored, headers["ce-id"]) == counter.name


async def test_a_foreign_receipt_is_unknown(site: Site, counter: Visitor) -> None:
    event_id = str(uuid.uuid4())
    await counter.send(SUBMIT, "ref:mine", submission(), event_id=event_id)
    other = await site.join("counter-curious", ["counter"], [ONE_STOP])
    foreign = await other.client.get(f"/v1/receipts/{event_id}")
    missing = await other.client.get(f"/v1/receipts/{uuid.uuid4()}")
    assert_problem(foreign, 404, "receipt.unknown")
    assert (foreign.content, foreign.headers.keys()) == (missing.content, missing.headers.keys())


async def test_a_participant_over_kafka_has_no_token_and_the_gateway_no_right_on_its_topic(
    site: Site,
) -> None:
    await site.hub.register("over-kafka", ["counter"], [ONE_STOP])
    rows = await site.hub.database.fetchval(
        "select count(*) from http_credential where participant = 'over-kafka'"
    )
    assert rows == 0


async def test_a_rotation_lets_the_old_token_work_for_the_overlap_only(site: Site) -> None:
    rotating = await site.join("counter-rotating", ["counter"], [ONE_STOP])
    hub = site.hub
    new = await participants.rotate(
        hub.admin, hub.database, hub.store_key, rotating.name, overlap=timedelta(hours=1)
    )
    fresh = await site.visitor(rotating.name, new)
    assert (await fresh.client.get("/v1/messages")).status_code == 200
    assert (await rotating.client.get("/v1/messages")).status_code == 200
    last = await participants.rotate(
        hub.admin, hub.database, hub.store_key, rotating.name, overlap=timedelta()
    )
    assert (await (await site.visitor(rotating.name, last)).client.get("/v1/messages")).status_code == 200
    await refused_soon(rotating)
    await refused_soon(fresh)


async def refused_soon(visitor: Visitor) -> None:
    async def is_out() -> bool:
        return (await visitor.client.get("/v1/messages")).status_code == 401

    # A look into a topic that was just taken away may wait its 5 s first.
    await eventually(is_out, 15, f"{visitor.name} to be locked out")


async def test_a_removed_participant_is_locked_out_and_its_open_stream_ends(site: Site) -> None:
    leaving = await site.join("counter-leaving", ["counter"], [ONE_STOP])
    headers = {"accept": "text/event-stream"}
    async with leaving.client.stream("GET", "/v1/messages", headers=headers) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, leaving.name)
        async with within(10):
            async for _ in lines:
                pass
    await refused_soon(leaving)


async def test_a_removed_participant_does_not_hold_up_the_feeds_of_others(site: Site) -> None:
    leaving = await site.join("counter-holding", ["counter"], [ONE_STOP])
    staying = await site.join("counter-staying", ["counter"], [ONE_STOP])
    cursor = (await staying.messages(wait=5))["cursor"]
    held = asyncio.create_task(leaving.client.get("/v1/messages", params={"wait": 30}))
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, leaving.name)
    for number in range(3):
        await staying.receipt(SUBMIT, f"ref:staying-{number}", submission())
        async with within(10):
            cursor = (await staying.messages(cursor, wait=30))["cursor"]
    assert (await held).status_code in (200, 401, 503)


async def test_who_asks_too_often_must_wait(site: Site) -> None:
    hasty = await site.join("counter-hasty", ["counter"], [ONE_STOP])
    patient = await site.join("counter-patient", ["counter"], [ONE_STOP])
    codes: list[int] = []
    while 429 not in codes:
        asked = [hasty.client.get("/v1/receipts/none") for _ in range(100)]
        answers = await asyncio.gather(*asked)
        codes += [answer.status_code for answer in answers]
        assert len(codes) < 3000
    late = next(answer for answer in answers if answer.status_code == 429)
    assert_problem(late, 429, "http.too_many_requests")
    assert int(late.headers["retry-after"]) >= 1
    assert (await patient.client.get("/v1/messages")).status_code == 200


async def test_who_shows_nothing_must_wait_too_also_for_what_is_open_to_all(site: Site) -> None:
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.9")
    base = await site.gateway.door()
    async with httpx.AsyncClient(base_url=base, transport=transport, timeout=40) as stranger:
        codes: list[int] = []
        while 429 not in codes:
            answers = await asyncio.gather(*(stranger.head("/openapi.json") for _ in range(100)))
            codes += [answer.status_code for answer in answers]
            assert len(codes) < 3000
    assert set(codes) <= {405, 200, 429}


async def test_logs_and_metrics_name_no_person_and_no_token(site: Site, counter: Visitor) -> None:
    await counter.send(SUBMIT, "ref:private", submission())
    await counter.send(WITHDRAW, "ref:private", {"reason": "Lý do riêng tư"})
    metrics = await site.gateway.metrics()
    assert f'hub_gateway_events_total{{outcome="accepted",participant="{counter.name}"}}' in metrics
    for text in (site.gateway.output(), metrics):
        for secret in (counter.token, "Nguyễn Văn Thử", "083090000001", "Lý do riêng tư"):
            assert secret not in text
