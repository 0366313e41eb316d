"""Clients that send a byte now and then: cut off, and nobody else waits for them."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import orjson
import pytest

from tests.support.bare_http import drip, head, raw
from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, SUBMIT, submission

pytestmark = pytest.mark.long

SCAN = b"%PDF-1.7\n" + b"0" * 5000
PLACE = f"/v1/documents?sha256={sha256(SCAN).hexdigest()}"
PDF = "content-type: application/pdf"


def beginning(visitor: Visitor, what: str) -> bytes:
    """What the client has sent before it becomes slow."""
    if what == "head":
        return b"POST /v1/events HTTP/1.1\r\nhost: gateway\r\nx-long: "
    if what == "event":
        return head(visitor, 1000) + b'{"half": "'
    lines = head(visitor, len(SCAN), PLACE).replace(b"content-type: application/json", PDF.encode())
    return lines + SCAN[:2000]


@pytest.mark.parametrize("what", ["head", "event", "document"])
async def test_a_client_that_drips_is_cut_off_with_the_reason(
    site: Site, counter: Visitor, what: str
) -> None:
    async with raw(site) as connection:
        answer = await drip(connection, beginning(counter, what))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "http.slow"
    assert (await counter.client.get(PLACE.replace("?sha256=", "/"))).status_code == 404


async def test_many_that_drip_hold_up_nobody(site: Site, counter: Visitor) -> None:
    other = await site.join("counter-beside-slow", ["counter"], [ONE_STOP])

    async def dripping(what: str) -> bytes:
        async with raw(site) as connection:
            return await drip(connection, beginning(counter, what))

    slow = [asyncio.create_task(dripping(what)) for what in ("head", "event", "document") for _ in range(20)]
    served = 0
    while not all(task.done() for task in slow):
        receipt = await other.receipt(SUBMIT, f"ref:beside-{served}", submission())
        assert receipt["facts"]
        served += 1
    assert served >= 3
    assert all(task.result().startswith(b"HTTP/1.1 408 ") for task in slow)


async def test_one_that_is_slow_but_not_too_slow_is_served(site: Site, counter: Visitor) -> None:
    """Its upload takes longer than a silence may last."""
    content = SCAN + b"patient" * 4000
    place = PLACE.replace(sha256(SCAN).hexdigest(), sha256(content).hexdigest())
    lines = head(counter, len(content), place, "connection: close")
    async with raw(site) as (reader, writer):
        writer.write(lines.replace(b"content-type: application/json", PDF.encode()))
        answering = asyncio.create_task(reader.read())
        for start in range(0, len(content), 4000):
            assert not answering.done()
            writer.write(content[start : start + 4000])
            await asyncio.wait([answering], timeout=0.4)
        answer = await asyncio.wait_for(answering, 10)
    assert answer.startswith(b"HTTP/1.1 201 ")
