"""The same attacks on the door of the portal and on that of metrics and health: who should be served is."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from ipaddress import IPv4Network
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import DoorSettings
from hub.delivery.documents import StoredFiles
from hub.embedded.stack import StackAddress
from schemas.receipt import RECEIPT_ACCEPTED
from tests.contract.portal_world import settings_for
from tests.support.floods import ATTACKS, Attack, under
from tests.support.plain_http import plain_http
from tests.support.portal_site import Site, portal_site, running
from tests.support.requests import SUBMIT, submission

pytestmark = pytest.mark.long

CALLS = 30
DESCRIPTORS = 600
LISTED = (IPv4Network("127.0.0.1/32"),)


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with portal_site(stack, tmp_path_factory.mktemp("flooded")) as opened:
        yield opened


@pytest.fixture(scope="module", params=["with links", "without links"])
async def door(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Address of a door that lists the portal only; with links others may come for files."""
    listed = DoorSettings(port=site.settings["door"].port, networks=LISTED)
    links = site.settings["links"] if request.param == "with links" else None
    settings = settings_for(site.portal.base, **site.settings | {"door": listed, "links": links})
    async with running(site, PortalAdapter(settings, StoredFiles(site.documents))):
        yield site.door


async def asked(door: str) -> int:
    """Status of a call of the portal on a new connection."""
    async with plain_http(10) as client:
        return (await client.post(f"{door}/search/call", json={"masohoso": "none"})).status_code


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_the_portal_is_answered_while_others_hold_connections(door: str, attack: Attack) -> None:
    place = urlsplit(door)
    assert place.hostname is not None
    assert place.port is not None
    async with under(attack, place.hostname, place.port):
        assert [await asked(door) for _ in range(CALLS)] == [200] * CALLS


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_probes_are_answered_and_the_engine_works_while_others_hold_connections(
    site: Site, attack: Attack, request: pytest.FixtureRequest
) -> None:
    engine = next(process for process in site.hub.processes if process.name.startswith("engine"))
    resource.prlimit(engine.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    url = await engine.url()
    place = urlsplit(url)
    assert place.hostname is not None
    assert place.port is not None
    async with under(attack, place.hostname, place.port):
        for path in ("/livez", "/readyz", "/metrics") * 10:
            async with plain_http(10) as client:
                assert (await client.get(url + path)).status_code == 200
        subject = f"ref:flood-{abs(hash(request.node.name))}"
        assert (await site.counter.ask(SUBMIT, subject, submission())).type == RECEIPT_ACCEPTED


async def test_whoever_asks_for_metrics_without_end_does_not_keep_the_engine_from_its_work(
    site: Site,
) -> None:
    engine = next(process for process in site.hub.processes if process.name.startswith("engine"))
    url, over = await engine.url(), asyncio.Event()

    async def hammer() -> int:
        count = 0
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(transport=transport, timeout=30, trust_env=False) as client:
            while not over.is_set():
                count += (await client.get(f"{url}/metrics")).status_code == 200
        return count

    hammers = [asyncio.create_task(hammer()) for _ in range(8)]
    try:
        for number in range(10):
            asked_for = await site.counter.ask(SUBMIT, f"ref:beside-{number}", submission())
            assert asked_for.type == RECEIPT_ACCEPTED
            async with plain_http(10) as client:
                assert (await client.get(f"{url}/livez")).status_code == 200
                assert (await client.get(f"{url}/readyz")).status_code == 200
    finally:
        over.set()
    assert sum(await asyncio.gather(*hammers)) > 0
