"""No client of ours talks to a server whose certificate it does not trust: no byte of a request is sent."""

from __future__ import annotations

import ast
import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from obstore.store import S3Store
from pydantic import SecretStr

from adapters.national_portal.transport import Transport
from adapters.population_db.client import PopulationClient
from adapters.population_db.failure import NotAsked
from adapters.population_db.question import Asking, prepare
from adapters.postal.client import http_of
from hub.delivery.errors import CallError, NoEffectError
from hub.documents.reason import DocumentsAwayError
from hub.documents.store import DocumentStore
from hub.kafka import client as kafka
from hub.participants.look_ups import LookUps
from hub.participants.webhook_call import WebhookCall, new_secret, perform
from hub.settings import KafkaSettings
from tests.contract import population_world, portal_world, postal_world
from tests.support.certificates import Authority
from tests.support.stack import REPOSITORY


@dataclass(slots=True)
class Impostor:
    """A TLS server with a certificate of nobody's authority; counts what it could read."""

    port: int
    root_file: Path
    connections: int = 0
    read: bytes = b""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@pytest.fixture
async def impostor(tmp_path: Path) -> AsyncIterator[Impostor]:
    authority = Authority(tmp_path, "nobody")
    issued = authority.issue("server")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(issued.certificate_file, issued.key_file)
    found = Impostor(0, authority.root_file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        found.read += await reader.read(65536)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


async def ask_population(there: Impostor, **settings: object) -> bool:
    asking = prepare(
        population_world.check_message("check-1", population_world.KNOWN), population_world.RIGHTS
    )
    assert isinstance(asking, Asking)
    async with PopulationClient(
        population_world.settings_for(f"{there.url}/service", total_timeout_s=5.0, **settings)
    ) as client:
        return await client.ask(asking.question, datetime.now(UTC)) == NotAsked("unreachable")


async def order_from_the_post(there: Impostor, **settings: object) -> bool:
    http = http_of(postal_world.settings_for(there.url, **settings))
    try:
        await http.send("order/post", "POST", f"{there.url}/order/post", content=b'{"order": 1}')
    except CallError as error:
        return isinstance(error, NoEffectError)
    finally:
        await http.aclose()
    return False


async def tell_the_portal(there: Impostor, **settings: object) -> bool:
    transport = Transport(portal_world.settings_for(there.url, total_timeout_s=5.0, **settings))
    try:
        await transport.post("DongBoHoSoMC", "/", b'{"dossier": 1}')
    except CallError as error:
        return isinstance(error, NoEffectError)
    finally:
        await transport.aclose()
    return False


async def call_a_webhook(there: Impostor) -> bool:
    call = WebhookCall(f"{there.url}/hook", new_secret(), "m-1", 1, b"{}")
    async with httpx.AsyncClient(trust_env=False) as client:
        return await perform(client, LookUps(), call, [ip_network("127.0.0.0/8")]) == "unreachable"


async def read_a_document(there: Impostor) -> bool:
    bucket = S3Store(
        "bucket", endpoint=there.url, access_key_id="x", secret_access_key="x", region="x",
        retry_config={"max_retries": 0},
    )  # fmt: skip
    try:
        await DocumentStore(bucket, 1000).look("0" * 64)
    except DocumentsAwayError:
        return True
    return False


async def open_a_producer(there: Impostor) -> bool:
    other = Authority(there.root_file.parent, "somebody")
    settings = KafkaSettings(
        bootstrap=f"127.0.0.1:{there.port}", user="u", password=SecretStr("p"), ca_file=other.root_file
    )
    producer = kafka.producer(settings, "test")
    try:
        await asyncio.wait_for(producer.start(), 10)
    except (kafka.KafkaError, TimeoutError):
        return True
    finally:
        await producer.stop()
    return False


@pytest.mark.parametrize(
    "use",
    [
        ask_population,
        order_from_the_post,
        tell_the_portal,
        call_a_webhook,
        read_a_document,
        open_a_producer,
    ],
    ids=lambda use: use.__name__,
)
async def test_a_server_of_an_unknown_authority_gets_no_byte_of_a_request(
    impostor: Impostor, use: Callable[[Impostor], Awaitable[bool]]
) -> None:
    assert await use(impostor)
    assert (impostor.connections, impostor.read) == (0, b"")


@pytest.mark.parametrize(
    ("use", "sent"),
    [(ask_population, b"SoDinhDanh"), (order_from_the_post, b'"order"'), (tell_the_portal, b'"dossier"')],
)
async def test_the_same_server_is_asked_when_its_authority_is_trusted(
    impostor: Impostor, use: Callable[..., Awaitable[bool]], sent: bytes
) -> None:
    """The control: what the others do not get does arrive where it may."""
    await use(impostor, ca_file=impostor.root_file)
    assert impostor.connections == 1
    assert sent in impostor.read


def lax_places(tree: ast.AST) -> list[int]:
    """Lines that switch a check of certificates off."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"verify", "verify_ssl", "ssl", "check_hostname"}:
            found += [node.value.lineno] if _is_false(node.value) else []
        elif isinstance(node, ast.Assign) and _is_false(node.value):
            names = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
            found += [node.lineno] if "check_hostname" in names else []
        elif isinstance(node, ast.Attribute) and node.attr in {"CERT_NONE", "_create_unverified_context"}:
            found.append(node.lineno)
    return sorted(found)


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_no_client_switches_the_check_of_certificates_off() -> None:
    folders = ("hub", "adapters", "schemas", "examples", "tools", "bench", "deploy")
    places = {
        path.relative_to(REPOSITORY).as_posix(): lines
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
        if (lines := lax_places(ast.parse(path.read_text("utf-8"))))
    }
    assert places == {}
    lax = "httpx.get(u, verify=False)\nc.check_hostname = False\nssl.CERT_NONE"
    assert lax_places(ast.parse(lax)) == [1, 2, 3]
