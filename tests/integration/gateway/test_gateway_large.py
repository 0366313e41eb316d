"""200 MiB through the door: the gateway's memory stays flat, and who does not read is cut off."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.support.bare_http import raw
from tests.support.gateways import Site, Visitor, own_site
from tests.support.requests import ONE_STOP
from tests.support.waiting import eventually, within

MIB = 1 << 20
PIECES = 200
BOUND_MIB = 80
"""Far above what pieces under way take, far below the document."""
HEAD = b"%PDF-1.7".ljust(MIB, b"0")
BLOCK = bytes(MIB)


async def pieces(count: int) -> AsyncIterator[bytes]:
    yield HEAD
    for _ in range(count - 1):
        yield BLOCK


async def digest_of(count: int) -> str:
    found = sha256()
    async for piece in pieces(count):
        found.update(piece)
    return found.hexdigest()


async def upload(visitor: Visitor, count: int, **headers: str) -> httpx.Response:
    return await visitor.client.post(
        "/v1/documents",
        params={"sha256": await digest_of(count)},
        content=pieces(count),
        headers={"content-type": "application/pdf"} | headers,
    )


def peak_mib(site: Site) -> float:
    """The most memory that the gateway's process has held so far."""
    status = Path(f"/proc/{site.gateway.pid}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


@pytest.fixture(scope="module")
async def large(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, Visitor]]:
    """A gateway with the limits of a real one, and a participant."""
    member = await site.join("counter-large", ["counter"], [ONE_STOP])
    folder = tmp_path_factory.mktemp("large")
    quick = {"HUB_GATEWAY__IDLE_TIMEOUT_S": "1.5"}
    async with own_site(site.hub, folder, password=site.password, **quick) as opened:
        yield opened, await opened.visitor(member.name, member.token)


async def test_200_mib_go_in_and_out_without_being_held(large: tuple[Site, Visitor]) -> None:
    site, visitor = large
    assert (await upload(visitor, 1)).status_code == 201
    before = peak_mib(site)
    stored = await upload(visitor, PIECES)
    assert (stored.status_code, stored.json()["bytes"]) == (201, PIECES * MIB), stored.text
    received = sha256()
    async with visitor.client.stream("GET", stored.headers["location"]) as answer:
        async for chunk in answer.aiter_bytes():
            received.update(chunk)
    assert received.hexdigest() == stored.json()["sha256"]
    assert peak_mib(site) - before < BOUND_MIB


async def test_a_client_that_does_not_read_its_document_is_cut_off(large: tuple[Site, Visitor]) -> None:
    site, visitor = large
    count = 40
    place = (await upload(visitor, count)).headers["location"]
    series = f'hub_gateway_requests_total{{code_class="2xx",participant="{visitor.name}"}}'
    before = await counted(site, series)
    async with raw(site, is_narrow=True) as (reader, writer):
        lines = [f"GET {place} HTTP/1.1", "host: gateway", f"authorization: Bearer {visitor.token}"]
        writer.write("\r\n".join([*lines, "", ""]).encode())

        async def is_over() -> bool:
            return await counted(site, series) > before

        await eventually(is_over, 30, "the gateway to give up", site.gateway.output)
        received = 0
        try:
            async with within(20):
                while chunk := await reader.read(MIB):
                    received += len(chunk)
        except ConnectionResetError:
            pass
    assert received < count * MIB
    assert (await visitor.client.get("/v1/messages")).status_code == 200


async def counted(site: Site, series: str) -> float:
    lines = (await site.gateway.metrics()).splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(series)), 0.0)
