"""Whoever holds connections open, with or without TLS, does not shut out those who are served."""

from __future__ import annotations

import resource
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.floods import ATTACKS, TLS_ATTACKS, Attack, under
from tests.support.gateways import Site, Visitor, own_site
from tests.support.plain_http import plain_http
from tests.support.requests import ONE_STOP

CALLS = 30
DESCRIPTORS = 1050


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway with the limits that it has by itself, and a participant that it has served."""

    site: Site
    visitor: Visitor
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
    folder = tmp_path_factory.mktemp("flooded")
    async with own_site(site.hub, folder, password=site.password) as opened:
        yield Door(opened, visitor, None)


@pytest.fixture(scope="module")
async def secured(site: Site, door: Door, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("flooded-tls")
    servers = Authority(folder, "servers")
    server = servers.issue("gateway")
    files = {
        "HUB_GATEWAY__CERTIFICATE_FILE": str(server.certificate_file),
        "HUB_GATEWAY__KEY_FILE": str(server.key_file),
        "HUB_GATEWAY__MAX_CONNECTIONS": "600",
    }
    async with own_site(site.hub, folder, password=site.password, **files) as opened:
        resource.prlimit(opened.gateway.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        yield Door(opened, door.visitor, ssl.create_default_context(cafile=str(servers.root_file)))


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
