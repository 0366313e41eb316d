"""The file of an authority is renewed: clients that live on trust the new one at their next connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile

import pytest

from hub.delivery.errors import NoEffectError
from hub.delivery.http import CallLimits, HttpCaller
from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from hub.kafka import client as kafka
from hub.kafka.admin import KafkaAdmin
from hub.settings import KafkaSettings
from tests.support.certificates import Authority

pytestmark = pytest.mark.long


@dataclass(slots=True)
class TlsServer:
    """A server with TLS before another; `certified_by` gives it the certificate of another authority."""

    folder: Path
    ca_file: Path
    port: int = 0
    context: ssl.SSLContext | None = None
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """End what is connected."""
        for writer in self.open:
            writer.transport.abort()
        self.open.clear()

    def certified_by(self, name: str) -> Authority:
        """From the next connection on."""
        authority = Authority(self.folder, name)
        issued = authority.issue(f"server-{name}")
        assert self.context is not None
        self.context.load_cert_chain(issued.certificate_file, issued.key_file)
        return authority

    def trusts(self, authority: Authority) -> None:
        """What clients find in their file from now on."""
        draft = self.ca_file.with_suffix(".draft")
        copyfile(authority.root_file, draft)
        draft.replace(self.ca_file)


@pytest.fixture
async def broker(stack: StackAddress, tmp_path: Path) -> AsyncIterator[TlsServer]:
    """TLS before the real broker."""
    there = int(stack.kafka_bootstrap.rpartition(":")[2])
    made = TlsServer(tmp_path, tmp_path / "ca.pem", context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.open.add(writer)
        to_broker, from_us = await asyncio.open_connection("127.0.0.1", there)
        for source, sink in ((reader, from_us), (to_broker, writer)):
            tasks.add(asyncio.create_task(carry(source, sink)))

    made.trusts(made.certified_by("first"))
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=made.context)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def settings(stack: StackAddress, broker: TlsServer) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap": f"127.0.0.1:{broker.port}",
            "user": stack.kafka_admin_user,
            "password": stack.kafka_admin_password,
            "ca_file": broker.ca_file,
        }
    )


async def connects(client: kafka.AIOKafkaConsumer) -> bool:
    """A new connection to the broker, by a client that has lived for a while."""
    try:
        await client._client.bootstrap()
    except kafka.KafkaError:
        return False
    return True


async def test_a_kafka_client_that_lives_on_trusts_the_renewed_authority_and_no_more_the_old_one(
    stack: StackAddress, broker: TlsServer
) -> None:
    client = kafka.consumer(settings(stack, broker), "test", group=None)
    await client._client.bootstrap()
    try:
        second = broker.certified_by("second")
        assert not await connects(client)
        broker.trusts(second)
        assert await connects(client)
        broker.certified_by("first")
        assert not await connects(client)
        broker.certified_by("third")
        broker.ca_file.write_text("no certificate")
        assert not await connects(client)
    finally:
        await client.stop()


async def test_an_administrators_session_that_lives_on_trusts_the_renewed_authority(
    stack: StackAddress, broker: TlsServer
) -> None:
    admin = KafkaAdmin(settings(stack, broker))
    await asyncio.to_thread(admin.check)
    second = broker.certified_by("second")
    broker.cut()
    with pytest.raises(StartupError):
        await asyncio.to_thread(admin.check)
    broker.trusts(second)
    await asyncio.to_thread(admin.check)


async def test_a_client_over_https_that_lives_on_trusts_the_renewed_authority(tmp_path: Path) -> None:
    made = TlsServer(tmp_path, tmp_path / "ca.pem", context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    made.trusts(made.certified_by("first"))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=made.context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/service"
    http = HttpCaller(CallLimits(5.0, 5.0, 1.0, 1000), made.ca_file)
    async with server:
        assert (await http.send("ask", "GET", url)).status == 204
        second = made.certified_by("second")
        with pytest.raises(NoEffectError):
            await http.send("ask", "GET", url)
        made.trusts(second)
        assert (await http.send("ask", "GET", url)).status == 204
        await http.aclose()
