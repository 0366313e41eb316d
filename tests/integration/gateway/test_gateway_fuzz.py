"""Mutated requests to the running gateway: none ends in a fault, none ends it, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from schemas.registry import REQUESTS
from tests.support.gateways import Gateway, Site, Visitor, own_site
from tests.support.mutations import Mutator
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually, within

LIMITS = {
    "HUB_GATEWAY__REQUESTS_PER_S": "1000000",
    "HUB_GATEWAY__BURST": "1000000",
    "HUB_GATEWAY__MAX_WAIT_S": "0.1",
    "HUB_GATEWAY__RECEIPT_WAIT_S": "0.01",
    "HUB_GATEWAY__HEADER_TIMEOUT_S": "2",
    "HUB_GATEWAY__BODY_TIMEOUT_S": "2",
    "HUB_GATEWAY__IDLE_TIMEOUT_S": "2",
    "HUB_GATEWAY__MAX_BODY_BYTES": "1000000",
    "HUB_GATEWAY__MAX_FEEDS": "100",
    "HUB_DOCUMENTS__MAX_BYTES": "100000",
}
AT_ONCE = 12
MOST_FAULTS = 20
LONGEST_S = 30
AGAIN = 5
"""How often what was answered 503 is sent again before it counts as a fault."""


async def answer_to(address: tuple[str, int], sent: bytes) -> bytes:
    """What comes until the answer is whole, the connection ends or the time is over."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(sent)
        answer = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with within(LONGEST_S):
                while piece := await reader.read(65_536):
                    answer += piece
                    if is_whole(answer):
                        break
        return answer
    finally:
        writer.close()


def is_whole(answer: bytes) -> bool:
    """Whether all of the announced length is there; of an event stream its head is enough."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
    return bool(end) and (
        b"text/event-stream" in head or (length is not None and len(body) >= int(length[1]))
    )


def fault(answer: bytes) -> str | None:
    """What is wrong with an answer: none at all, or a server's error; 503 is told by `is_told_away`."""
    if not answer.startswith(b"HTTP/1.1 "):
        return f"no answer but {answer[:40]!r}"
    status = int(answer[9:12])
    return f"status {status}: {answer[-300:]!r}" if status >= 500 and not is_told_away(answer) else None


def is_told_away(answer: bytes) -> bool:
    """Whether the gateway says, as it must, that it cannot now and when to come again."""
    head = answer.split(b"\r\n\r\n", 1)[0].lower()
    return answer.startswith(b"HTTP/1.1 503") and b"retry-after" in head and b"problem+json" in head


async def fault_of(address: tuple[str, int], sent: bytes) -> str | None:
    """What is wrong after it was sent, again where the answer was that the gateway cannot now."""
    for _ in range(AGAIN):
        answer = await answer_to(address, sent)
        if not is_told_away(answer):
            return fault(answer)
    return "503 each time"


async def neighbour_lives(neighbour: Visitor, done: asyncio.Event) -> int:
    """Another participant goes on with its work meanwhile; the number of its receipts."""
    receipts = 0
    while not done.is_set():
        answer = await neighbour.send(SUBMIT, f"ref:next-{receipts}", submission())
        assert answer.status_code in (200, 202), answer.text
        assert (await neighbour.client.get("/v1/messages")).status_code == 200
        receipts += 1
    return receipts


async def is_answered(visitor: Visitor, reference: str) -> None:
    """A request is taken and gets its receipt; the gateway itself hardly waits for it here."""
    taken = (await visitor.send(SUBMIT, reference, submission())).json()["request"]

    async def has_receipt() -> bool:
        return (await visitor.client.get(f"/v1/receipts/{taken}")).status_code == 200

    await eventually(has_receipt, 30, "the receipt")


async def fuzz(site: Site, gateway: Gateway, seed: int, count: int, names: tuple[str, str]) -> None:
    fuzzed, neighbour = [await site.join(name, ["counter", "agency"], [ONE_STOP]) for name in names]
    door = urlsplit(await gateway.door())
    address = (str(door.hostname), door.port or 0)
    mutator = Mutator(seed, fuzzed.name, submission(), sorted(REQUESTS))
    drawn = iter(range(count))
    done = asyncio.Event()

    faults: list[str] = []

    async def send_some() -> None:
        for number in drawn:
            sent = mutator.draw()
            wrong = await fault_of(address, sent.encode(fuzzed.token))
            if wrong is not None or gateway.exit_status is not None:
                faults.append(f"input {number}: {wrong}\n{sent.encode('token')[:1500]!r}")
            if len(faults) > MOST_FAULTS:
                return

    beside = await site.visitor(neighbour.name, neighbour.token)
    beside.client.base_url = await gateway.door()
    beside.client.headers["connection"] = "close"
    living = asyncio.create_task(neighbour_lives(beside, done))
    try:
        await asyncio.gather(*(send_some() for _ in range(AT_ONCE)))
    finally:
        done.set()
        await asyncio.wait([living])
    assert not faults, "\n".join([f"FUZZ_SEED={seed}, exit status {gateway.exit_status}", *faults])
    assert not gateway.actions("request_failed"), f"FUZZ_SEED={seed}"
    assert await living > 0
    await is_answered(beside, "ref:after")


async def test_some_hundred_mutated_requests_end_in_no_fault(site: Site, tmp_path: Path) -> None:
    async with own_site(site.hub, tmp_path, password=site.password, **LIMITS) as opened:
        await fuzz(site, opened.gateway, 45, 400, ("counter-fuzzed", "counter-fuzz-beside"))


@pytest.mark.long
async def test_ten_thousand_mutated_requests_end_in_no_fault(site: Site, tmp_path: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
    print(f"FUZZ_SEED={seed}")
    async with own_site(site.hub, tmp_path, password=site.password, **LIMITS) as opened:
        await fuzz(site, opened.gateway, seed, 10_000, ("counter-fuzzed-long", "counter-fuzz-beside-long"))
