"""The guarded server by itself: times, ends of bodies, descriptors, and the certificate that is served."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.http.certificates import CertificateWatch, first_end
from hub.http.descriptors import gateway_shortage
from hub.http.limits import DoorLimits
from hub.http.metrics import HttpMetrics
from hub.http.server import Door, serve_http
from hub.http.tls import ServerTls, TlsFiles
from hub.settings import GatewaySettings
from tests.support.certificates import Authority
from tests.support.waiting import eventually, within

QUICK = DoorLimits(connections=20, per_address=20, handshake_s=0.3, head_s=0.3, idle_s=0.5, keep_alive_s=1)
LARGE = 8 << 20


async def _hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def _sized(request: Request) -> Response:
    return Response(b"x" * int(request.path_params["size"]))


async def _asked_to_wait(request: Request) -> Response:
    request.app.state.begun.set()
    await request.app.state.may_end.wait()
    return PlainTextResponse("done")


APP = Starlette(
    routes=[
        Route("/", _hello, methods=["GET", "POST"]),
        Route("/{size:int}", _sized),
        Route("/wait", _asked_to_wait),
    ]
)


class Served:
    """A running door and what it has counted."""

    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        self.port = port
        self._registry = registry

    def refused(self, reason: str) -> float:
        labels = {"door": "test", "reason": reason}
        return self._registry.get_sample_value("hub_http_connections_refused_total", labels) or 0.0

    def open(self) -> float:
        return self._registry.get_sample_value("hub_http_connections", {"door": "test"}) or 0.0

    async def connect(
        self, tls: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client that takes in little before it reads."""
        bare = socket.socket()
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        bare.setblocking(False)
        await asyncio.get_running_loop().sock_connect(bare, ("127.0.0.1", self.port))
        name = "127.0.0.1" if tls is not None else None
        return await asyncio.open_connection(sock=bare, ssl=tls, server_hostname=name, limit=4096)


@asynccontextmanager
async def served(
    limits: DoorLimits = QUICK, tls: Callable[[], ssl.SSLContext | None] = lambda: None
) -> AsyncIterator[Served]:
    registry, opened = CollectorRegistry(), asyncio.get_running_loop().create_future()
    door = Door("test", "127.0.0.1", 0, limits, HttpMetrics(registry), tls)
    task = asyncio.create_task(serve_http(APP, door, opened.set_result))
    try:
        yield Served(await opened, registry)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def all_of(reader: asyncio.StreamReader) -> bytes:
    found = b""
    async with within(10):
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(4096):
                found += piece
    return found


NO_DER = b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"


def issued(folder: Path) -> tuple[Authority, TlsFiles]:
    authority = Authority(folder, "servers")
    server = authority.issue("server")
    return authority, TlsFiles(server.certificate_file, server.key_file)


async def test_a_connection_without_a_request_is_told_and_closed() -> None:
    async with served() as door:
        reader, writer = await door.connect()
        assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()
        assert door.refused("slow") == 1


async def test_a_handshake_has_a_time_of_its_own(tmp_path: Path) -> None:
    _, files = issued(tmp_path)
    async with served(tls=ServerTls(files)) as door:
        reader, writer = await door.connect()
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        assert await all_of(reader) == b""
        writer.close()
        await eventually(
            lambda: (door.refused("handshake"), door.open()) == (1, 0), 5, "the end to be counted"
        )


async def test_a_body_that_nobody_wants_cannot_hold_the_connection() -> None:
    """A byte now and then after the answer, for ever."""
    async with served() as door:
        reader, writer = await door.connect()
        writer.write(b"POST / HTTP/1.1\r\nhost: door\r\ncontent-length: 1000000\r\n\r\n")
        answering = asyncio.create_task(all_of(reader))
        async with within(10):
            while not answering.done():
                writer.write(b"x")
                await asyncio.wait([answering], timeout=0.05)
        answer = answering.result()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        writer.close()
        await eventually(lambda: door.open() == 0, 5, "the connection to be gone")


@pytest.mark.parametrize("in_tls", [False, True])
async def test_a_client_that_does_not_read_is_cut_off(tmp_path: Path, in_tls: bool) -> None:
    authority, files = issued(tmp_path)
    client = ssl.create_default_context(cafile=str(authority.root_file)) if in_tls else None
    async with served(tls=ServerTls(files) if in_tls else lambda: None) as door:
        _, writer = await door.connect(client)
        writer.write(f"GET /{LARGE} HTTP/1.1\r\nhost: door\r\n\r\n".encode())
        await eventually(lambda: (door.refused("slow_reader"), door.open()) == (1, 0), 10, "it to be cut off")
        writer.transport.abort()


async def test_a_client_that_does_not_take_the_last_bytes_of_a_closing_connection_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some size lies between what the system takes at once and what makes the server wait."""

    def narrow(host: str, port: int) -> socket.socket:
        listener = socket.create_server((host, port))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return listener

    monkeypatch.setattr("hub.http.server._listener", narrow)
    async with served() as door:
        writers = [(await door.connect())[1] for _ in range(20)]
        for number, writer in enumerate(writers):
            size = number * 10_000
            writer.write(f"GET /{size} HTTP/1.1\r\nhost: door\r\nconnection: close\r\n\r\n".encode())
        await eventually(lambda: door.open() == 0, 10, "all to be closed")
        assert door.refused("slow_reader") > 0
        for writer in writers:
            writer.transport.abort()


async def test_a_door_that_closes_refuses_newcomers_and_ends_what_runs() -> None:
    APP.state.begun, APP.state.may_end = asyncio.Event(), asyncio.Event()
    opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    door = Door("test", "127.0.0.1", 0, QUICK, HttpMetrics(CollectorRegistry()))
    task = asyncio.create_task(serve_http(APP, door, opened.set_result))
    reader, writer = await asyncio.open_connection("127.0.0.1", await opened)
    writer.write(b"GET /wait HTTP/1.1\r\nhost: door\r\n\r\n")
    await APP.state.begun.wait()
    task.cancel()

    async def is_refused() -> bool:
        try:
            _, late = await asyncio.open_connection("127.0.0.1", opened.result())
        except ConnectionError:
            return True
        late.close()
        return False

    await eventually(is_refused, 5, "newcomers to be refused")
    assert not task.done()
    APP.state.may_end.set()
    assert (await all_of(reader)).endswith(b"done")
    writer.close()
    with pytest.raises(asyncio.CancelledError):
        await task


@contextmanager
def all_descriptors_but_one() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 50, hard))
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in taken:
            os.close(number)


async def test_a_door_without_descriptors_waits_and_goes_on() -> None:
    async with served() as door:
        with all_descriptors_but_one():
            reader, writer = await door.connect()
            await eventually(lambda: door.refused("descriptors") > 0, 5, "the shortage")
        writer.write(b"GET / HTTP/1.1\r\nhost: door\r\nconnection: close\r\n\r\n")
        assert b"hello" in await all_of(reader)
        writer.close()


def test_more_connections_than_descriptors_are_said_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = GatewaySettings(max_connections=1000)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    said = "1000 connections need 1384 file descriptors, the system allows 1024"
    assert gateway_shortage(settings) == said
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))
    assert gateway_shortage(settings) is None


async def _number(door: Served, context: ssl.SSLContext) -> int:
    """Serial number of the certificate that a new connection is shown."""
    _, writer = await door.connect(context)
    shown = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return int(shown["serialNumber"], 16)


async def test_new_connections_get_the_certificate_that_lies_there_now(tmp_path: Path) -> None:
    authority, files = issued(tmp_path)
    other = authority.issue("other")
    tls, registry = ServerTls(files), CollectorRegistry()
    watch = CertificateWatch(HttpMetrics(registry), {"kafka_ca": authority.root_file}, tls)
    client = ssl.create_default_context(cafile=str(authority.root_file))
    async with served(tls=tls) as door:
        first = await _number(door, client)
        _, old = await door.connect(client)
        shutil.copy(other.certificate_file, files.certificate)
        watch.look()
        assert await _number(door, client) == first, "a certificate without its key is not served"
        shutil.copy(other.key_file, files.key)
        watch.look()
        assert await _number(door, client) != first
        old.write(b"GET / HTTP/1.1\r\nhost: door\r\n\r\n")
        assert not old.is_closing(), "what is open goes on"
        old.close()
    outcomes = [
        registry.get_sample_value("hub_certificate_renewals_total", {"outcome": outcome})
        for outcome in ("renewed", "refused")
    ]
    assert outcomes == [1, 1]
    for usage, path in (("server", other.certificate_file), ("kafka_ca", authority.root_file)):
        end = registry.get_sample_value("hub_certificate_expiry_timestamp_seconds", {"usage": usage})
        assert end == first_end(path).timestamp()


@pytest.mark.parametrize("content", [b"", b"no certificate", NO_DER, None])
def test_files_that_are_of_no_use_leave_what_was_served(tmp_path: Path, content: bytes | None) -> None:
    _, files = issued(tmp_path)
    tls = ServerTls(files)
    before, ends = tls(), dict(tls.ends)
    if content is None:
        files.certificate.unlink()
    else:
        files.certificate.write_bytes(content)
    assert tls.renew() is False
    assert (tls(), tls.ends) == (before, ends)
    assert tls.renew() is None, "it is said once"


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_word(tmp_path: Path) -> None:
    _, files = issued(tmp_path)
    tls = ServerTls(files)
    key = load_pem_private_key(files.key.read_bytes(), None)
    closed = BestAvailableEncryption(b"synthetic")
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed))
    assert tls.renew() is False
    with pytest.raises(OSError, match="SSL"):
        ServerTls(files)


async def test_files_that_are_no_certificates_do_not_end_the_watch(tmp_path: Path) -> None:
    _, files = issued(tmp_path)
    registry = CollectorRegistry()
    watch = CertificateWatch(HttpMetrics(registry), {"kafka_ca": files.certificate}, ServerTls(files))
    for content in (b"", b"no certificate", NO_DER):
        files.certificate.write_bytes(content)
        watch.look()
    refused = registry.get_sample_value("hub_certificate_renewals_total", {"outcome": "refused"})
    assert refused == 3
