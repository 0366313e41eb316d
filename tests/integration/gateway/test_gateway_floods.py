"""Whoever holds connections open, with or without TLS, does not shut out those who are served."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.bare_http import raw
from tests.support.certificates import Authority
from tests.support.floods import ATTACKS, TLS_ATTACKS, Attack, under
from tests.support.gateways import Site, Visitor, own_site
from tests.support.plain_http import plain_http
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

CALLS = 30
OF_ONE = 20
DESCRIPTORS = 1050


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway with the limits that it has by itself, and a participant that it has served."""

    site: Site
    visitor: Visitor
    other: Visitor
    tls: ssl.SSLContext | None

    async def served(self) -> int:
        """Status of a call on a new connection."""
        async with httpx.AsyncClient(
            base_url=await self.site.gateway.door(), verify=self.tls or False, timeout=10, trust_env=False
        ) as client:
            headers = {"authorization": f"Bearer {self.visitor.token}"}
            return (await client.get("/v1/receipts/none", headers=headers)).status_code


@pytest.fixture(scope="module")
async def door(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    visitor = await site.join("counter-flooded", ["counter"], [ONE_STOP])
    other = await site.join("counter-beside-flood", ["counter"], [ONE_STOP])
    folder = tmp_path_factory.mktemp("flooded")
    async with own_site(site.hub, folder, password=site.password) as opened:
        yield Door(opened, visitor, other, None)


@pytest.fixture(scope="module")
async def secured(site: Site, door: Door, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("flooded-tls")
    servers = Authority(folder, "servers")
    server = servers.issue("gateway")
    files = {
        "HUB_GATEWAY__CERTIFICATE_FILE": str(server.certificate_file),
        "HUB_GATEWAY__KEY_FILE": str(server.key_file),
        "HUB_GATEWAY__MAX_CONNECTIONS": "600",
        "HUB_GATEWAY__MAX_PARTICIPANT_CONNECTIONS": str(OF_ONE),
    }
    async with own_site(site.hub, folder, password=site.password, **files) as opened:
        resource.prlimit(opened.gateway.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        yield Door(
            opened, door.visitor, door.other, ssl.create_default_context(cafile=str(servers.root_file))
        )


async def assert_served_under(door: Door, attack: Attack) -> None:
    assert await door.served() == 404
    place = urlsplit(await door.site.gateway.door())
    assert place.hostname is not None
    assert place.port is not None
    async with under(attack, place.hostname, place.port, door.tls):
        assert [await door.served() for _ in range(CALLS)] == [404] * CALLS
        health = await door.site.gateway.url()
        async with plain_http() as client:
            assert (await client.get(f"{health}/livez")).status_code == 200


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_participant_is_served_while_strangers_hold_connections(door: Door, attack: Attack) -> None:
    await assert_served_under(door, attack)


@pytest.mark.parametrize("attack", TLS_ATTACKS.values(), ids=TLS_ATTACKS.keys())
async def test_a_participant_is_served_while_strangers_do_not_finish_their_handshakes(
    secured: Door, attack: Attack
) -> None:
    await assert_served_under(secured, attack)


async def test_a_participant_holds_so_many_connections_and_is_told_at_the_next(secured: Door) -> None:
    headers = {"authorization": f"Bearer {secured.visitor.token}"}
    async with AsyncExitStack() as stack:
        answers = []
        for _ in range(OF_ONE + 2):
            client = httpx.AsyncClient(
                base_url=await secured.site.gateway.door(), verify=secured.tls or False, trust_env=False
            )
            await stack.enter_async_context(client)
            answers.append(await client.get("/v1/receipts/none", headers=headers))
        assert [answer.status_code for answer in answers] == [404] * OF_ONE + [429] * 2
        assert answers[-1].json()["code"] == "http.too_many_connections"

    async def is_free() -> bool:
        return await secured.served() == 404

    await eventually(is_free, 10, "the connections to be given back")


async def test_bodies_of_one_participant_take_a_part_of_the_memory_only(door: Door) -> None:
    """Each announces no length, so each may become as long as a body may be."""
    lines = [
        "POST /v1/events HTTP/1.1",
        "host: gateway",
        "transfer-encoding: chunked",
        "content-type: application/json",
        f"authorization: Bearer {door.visitor.token}",
    ]
    head = "\r\n".join([*lines, "", ""]).encode()
    async with AsyncExitStack() as stack:
        readers = []
        for _ in range(9):
            reader, writer = await stack.enter_async_context(raw(door.site))
            writer.write(head)
            readers.append(asyncio.create_task(reader.read()))
        done, waiting = await asyncio.wait(readers, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(waiting)) == (1, 8)
        answer = done.pop().result()
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"http.too_much_at_once" in answer
        other = await door.site.visitor(door.other.name, door.other.token)
        posted = await other.send(SUBMIT, "ref:beside-large", submission())
        assert posted.status_code in (200, 202)
        for task in waiting:
            task.cancel()
