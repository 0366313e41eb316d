"""TLS at the door: required outside loopback and test; client certificates in place of tokens."""

from __future__ import annotations

import asyncio
import shutil
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from hub.errors import StartupError
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from tests.support.certificates import Authority, Issued
from tests.support.gateways import Gateway, Site, own_site
from tests.support.requests import ONE_STOP
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Secured:
    site: Site
    servers: Authority
    clients: Authority
    server: Issued

    def context(self, shown: Issued | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.servers.root_file))
        if shown is not None:
            context.load_cert_chain(shown.certificate_file, shown.key_file)
        return context

    async def status(self, shown: Issued | None, token: str | None = None) -> int:
        """What the feed answers to this certificate and token."""
        async with httpx.AsyncClient(
            base_url=await self.site.gateway.door(), verify=self.context(shown)
        ) as client:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return (await client.get("/v1/messages", headers=headers)).status_code


@pytest.fixture(scope="module")
async def secured(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    servers, clients = Authority(folder, "servers"), Authority(folder, "clients")
    server = servers.issue("gateway")
    settings = {
        "HUB_GATEWAY__CERTIFICATE_FILE": str(server.certificate_file),
        "HUB_GATEWAY__KEY_FILE": str(server.key_file),
        "HUB_GATEWAY__CLIENT_CA_FILE": str(clients.root_file),
        "HUB_ENVIRONMENT": "live",
    }
    async with own_site(site.hub, folder, password=site.password, **settings) as opened:
        yield Secured(opened, servers, clients, server)


async def test_a_client_certificate_opens_the_door_of_its_participant_only(
    site: Site, secured: Secured
) -> None:
    bound, unbound = secured.clients.issue("bound"), secured.clients.issue("unbound")
    await site.join("counter-certified", ["counter"], [ONE_STOP])
    pem = bound.certificate_file.read_bytes()
    await participants.bind_certificate(site.hub.database, site.hub.store_key, "counter-certified", pem)
    assert await secured.status(bound) == 200
    assert await secured.status(unbound) == 401
    assert await secured.status(None) == 401
    assert await secured.status(bound, "some-wrong-token-of-good-length") == 401
    await site.join("counter-thief", ["counter"], [ONE_STOP])
    with pytest.raises(StartupError, match="belongs to another"):
        await participants.bind_certificate(site.hub.database, site.hub.store_key, "counter-thief", pem)


async def test_a_token_works_over_tls_as_well(site: Site, secured: Secured) -> None:
    visitor = await site.join("counter-over-tls", ["counter"], [ONE_STOP])
    assert await secured.status(None, visitor.token) == 200


async def test_a_certificate_of_another_authority_does_not_get_a_connection(
    secured: Secured, tmp_path: Path
) -> None:
    forged = Authority(tmp_path, "forgers").issue("bound")
    with pytest.raises(httpx.TransportError):
        await secured.status(forged)


async def test_a_client_that_checks_certificates_trusts_no_other_gateway(secured: Secured) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        async with httpx.AsyncClient(base_url=await secured.site.gateway.door()) as client:
            await client.get("/openapi.json")


async def test_renewed_files_are_served_to_new_connections_and_told_in_the_metrics(secured: Secured) -> None:
    gateway, renewed = secured.site.gateway, secured.servers.issue("renewed")
    for usage in ("server", "client_ca"):
        assert f'hub_certificate_expiry_timestamp_seconds{{usage="{usage}"}}' in await gateway.metrics()
    before = await shown_by(secured)
    shutil.copy(renewed.key_file, secured.server.key_file)
    shutil.copy(renewed.certificate_file, secured.server.certificate_file)
    gateway.signal(signal.SIGHUP)

    async def is_new() -> bool:
        return await shown_by(secured) != before

    await eventually(is_new, 10, "the renewed certificate", gateway.output)
    assert gateway.actions("certificates_looked_at")
    assert gateway.exit_status is None


async def test_renewed_files_are_found_without_a_signal(secured: Secured) -> None:
    renewed, before = secured.servers.issue("later"), await shown_by(secured)
    shutil.copy(renewed.certificate_file, secured.server.certificate_file)
    shutil.copy(renewed.key_file, secured.server.key_file)

    async def is_new() -> bool:
        return await shown_by(secured) != before

    await eventually(is_new, 20, "the renewed certificate", secured.site.gateway.output)


async def shown_by(secured: Secured) -> str:
    """Serial number of the certificate that a new connection gets."""
    place = urlsplit(await secured.site.gateway.door())
    _, writer = await asyncio.open_connection(place.hostname, place.port, ssl=secured.context())
    number = str(writer.get_extra_info("ssl_object").getpeercert()["serialNumber"])
    writer.close()
    await writer.wait_closed()
    return number


async def test_a_hang_up_ends_no_engine(site: Site) -> None:
    engine = next(process for process in site.hub.processes if process.name.startswith("engine"))
    for _ in range(2):
        engine.signal(signal.SIGHUP)
    await eventually(lambda: bool(engine.actions("certificates_looked_at")), 10, "the look", engine.output)
    await engine.ready()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"HUB_ENVIRONMENT": "live"}, "without TLS this door is for loopback only, in environment test"),
        ({"HUB_GATEWAY__HOST": "::"}, "without TLS this door is for loopback only"),
        ({"HUB_GATEWAY__CERTIFICATE_FILE": "x.pem"}, "set both or none"),
        (
            {"HUB_GATEWAY__CERTIFICATE_FILE": "x.pem", "HUB_GATEWAY__KEY_FILE": "x.key"},
            "HUB_GATEWAY__CERTIFICATE_FILE: x.pem: FileNotFoundError",
        ),
        ({"HUB_GATEWAY__MAX_CONNECTIONS": "2000000000"}, "file descriptors, the system allows"),
        ({"HUB_GATEWAY__PROT": "1"}, "HUB_GATEWAY__PROT: no such setting, did you mean HUB_GATEWAY__PORT?"),
        ({"HUB_KAFKA__PASSWORD": "wrong"}, "HUB_KAFKA__"),
        ({"HUB_POSTGRES__DSN": "postgresql://127.0.0.1:1/none"}, "HUB_POSTGRES__DSN"),
    ],
)
async def test_a_gateway_that_cannot_serve_safely_says_so_in_one_line(
    site: Site, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    environment = site.hub.environment | {
        "HUB_KAFKA__USER": f"{site.hub.prefix}{GATEWAY}",
        "HUB_KAFKA__PASSWORD": site.password,
        "HUB_STORE_KEY_FILE": str(site.hub.master_key_file.with_name("store.key")),
    }
    gateway = Gateway("gateway", "refused", environment | changes, tmp_path)
    gateway.start()
    assert await gateway.ended(30) == 2
    words = [line for line in gateway.output().splitlines() if not line.startswith("{")]
    assert len(words) == 1
    assert said in words[0]
