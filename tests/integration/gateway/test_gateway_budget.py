"""A participant's budget over HTTPS: uploads of a day, events beyond it, and its brake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx

from hub.budget.brakes_store import put_brake
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hub_commands import hub_command
from tests.support.requests import ONE_STOP, WITHDRAW
from tests.support.waiting import eventually


def a_file(size: int) -> bytes:
    return (b"%PDF-1.7\n" + uuid4().bytes).ljust(size, b"x")


async def upload(visitor: Visitor, content: bytes, digest: str | None = None) -> httpx.Response:
    return await visitor.client.post(
        "/v1/documents",
        params={"sha256": digest or sha256(content).hexdigest()},
        content=content,
        headers={"content-type": "application/pdf"},
    )


async def limit(site: Site, visitor: Visitor, kind: str, value: int) -> None:
    status, output = await hub_command(
        site.hub.environment, "participants", "budget", visitor.name, f"--{kind}", str(value)
    )
    assert status == 0, output


async def used(site: Site, visitor: Visitor) -> tuple[int, int]:
    query = "select records, bytes from participant_use where participant = $1 and kind = 'uploads'"
    row = await site.hub.database.fetchrow(query, visitor.name)
    return (row["records"], row["bytes"]) if row is not None else (0, 0)


def assert_waits(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, code)
    assert int(answer.headers["retry-after"]) >= 1


async def test_uploads_end_at_the_days_budget_and_only_those_that_were_stored_count(site: Site) -> None:
    visitor = await site.join("counter-uploads", ["counter"], [ONE_STOP])
    other = await site.join("counter-beside-uploads", ["counter"], [ONE_STOP])
    await limit(site, visitor, "upload-bytes-per-day", 5000)

    async def is_limited() -> bool:
        return (await upload(visitor, a_file(6000), digest="0" * 64)).status_code == 429

    await eventually(is_limited, 20, "the limit to be known")
    before, _ = await used(site, visitor)
    assert (await upload(visitor, a_file(2000), digest="0" * 64)).status_code == 400
    assert (await upload(visitor, a_file(2000))).status_code == 201
    assert (await upload(visitor, a_file(2500))).status_code == 201
    assert_waits(await upload(visitor, a_file(2000)), "budget.uploads")
    count, size = await used(site, visitor)
    assert (count - before, size >= 4500) == (2, True)
    assert (await upload(other, a_file(2000))).status_code == 201


async def test_a_braked_participant_is_told_to_wait_and_others_are_served(site: Site) -> None:
    visitor = await site.join("counter-braked", ["counter"], [ONE_STOP])
    other = await site.join("counter-unbraked", ["counter"], [ONE_STOP])
    await put_brake(site.hub.database, visitor.name, "refused", 600)

    async def is_told() -> bool:
        return (await visitor.send(WITHDRAW, "ref:none", {})).status_code == 429

    await eventually(is_told, 20, "the brake to be known")
    assert_waits(await visitor.send(WITHDRAW, "ref:none", {}), "budget.braked")
    assert (await other.send(WITHDRAW, "ref:none", {})).status_code in (200, 202)


async def test_events_beyond_the_days_budget_are_told_to_wait(site: Site) -> None:
    visitor = await site.join("counter-beyond", ["counter"], [ONE_STOP])
    await limit(site, visitor, "records-per-day", 1)

    async def is_told() -> bool:
        answer = await visitor.send(WITHDRAW, "ref:none", {})
        return answer.status_code == 429 and answer.json()["code"] == "budget.used_up"

    await eventually(is_told, 20, "the budget to be used up")
    assert_waits(await visitor.send(WITHDRAW, "ref:none", {}), "budget.used_up")


async def events_used(site: Site, visitor: Visitor) -> tuple[int, int]:
    query = "select records, bytes from participant_use where participant = $1 and kind = 'events'"
    row = await site.hub.database.fetchrow(query, visitor.name)
    return (row["records"], row["bytes"]) if row is not None else (0, 0)


def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not announced."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    return pieces()


async def test_a_body_that_is_no_event_counts_like_one(site: Site) -> None:
    visitor = await site.join("counter-malformed", ["counter"], [ONE_STOP])

    async def is_settled() -> bool:
        return (await events_used(site, visitor))[0] > 0

    await eventually(is_settled, 20, "what has made the participant known to be counted")
    records, size = await events_used(site, visitor)
    crowded = b'[{"id":"a","id":"b","x":[' + b'{"":0},' * 100_000 + b"{}]}]"
    for body, code in ((b"{", "http.no_cloud_event"), (crowded, "schema.too_many_values")):
        for content in (body, in_pieces(body)):
            answer = await visitor.client.post("/v1/events", content=content, headers=_BATCH)
            assert answer.json()["code"] == code
    now_records, now_size = await events_used(site, visitor)
    assert (now_records - records, now_size - size) == (4, 2 * (1 + len(crowded)))


async def test_bodies_that_are_no_events_use_up_the_day(site: Site) -> None:
    visitor = await site.join("counter-malformed-day", ["counter"], [ONE_STOP])
    await limit(site, visitor, "records-per-day", 2)

    async def is_told() -> bool:
        answer = await visitor.client.post("/v1/events", content=b"{", headers=_BATCH)
        return answer.status_code == 429 and answer.json()["code"] == "budget.used_up"

    await eventually(is_told, 20, "the budget to be used up")


async def test_bytes_are_taken_before_a_body_is_read(site: Site, tmp_path: Path) -> None:
    visitor = await site.join("counter-bytes", ["counter"], [ONE_STOP])
    async with own_site(
        site.hub, tmp_path, password=site.password, HUB_GATEWAY__EVENT_BYTES_PER_S="5000"
    ) as slow:
        visitor = await slow.visitor(visitor.name, visitor.token)
        body = b"{" + b" " * 99_998
        for content in (body, in_pieces(body)):
            answer = await visitor.client.post("/v1/events", content=content, headers=_BATCH)
            if answer.status_code == 400:
                answer = await visitor.client.post("/v1/events", content=body, headers=_BATCH)
            assert_waits(answer, "http.too_many_requests")


_BATCH = {"content-type": "application/cloudevents-batch+json"}
