"""The file of PostgreSQL's authority is renewed: pools and sessions go by it at their next connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copyfile
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from hub.postgres.database import Session, create_pool
from hub.settings import PostgresSettings
from tests.support.certificates import Authority


@pytest.fixture
async def secured(fresh_database: str, tmp_path: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """A DSN of the real database behind TLS, and the context of what stands before it."""
    real = urlsplit(fresh_database)
    context, tasks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), set[asyncio.Task[None]]()
    show(tmp_path, context, "first")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # the client asks for TLS
        writer.write(b"S")
        await writer.start_tls(context)
        to_store, from_us = await asyncio.open_connection(real.hostname, real.port)
        for source, sink in ((reader, from_us), (to_store, writer)):
            tasks.add(asyncio.create_task(carry(source, sink)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    trust(tmp_path, "first")
    address = f"postgresql://{real.username}:{real.password}@127.0.0.1:{port}{real.path}"
    yield f"{address}?sslmode=verify-full&sslrootcert={tmp_path / 'ca.pem'}", context
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def show(folder: Path, context: ssl.SSLContext, name: str) -> None:
    """The server's certificate is of this authority from now on."""
    issued = Authority(folder, name).issue(f"server-{name}")
    context.load_cert_chain(issued.certificate_file, issued.key_file)


def trust(folder: Path, name: str) -> None:
    """Clients find this authority in their file from now on."""
    copyfile(folder / f"{name}.pem", folder / "ca.pem")


async def test_a_pool_and_a_session_that_live_on_trust_the_renewed_authority(
    secured: tuple[str, ssl.SSLContext], tmp_path: Path
) -> None:
    dsn, context = secured
    session = Session(PostgresSettings(dsn=SecretStr(dsn)), "test")
    async with create_pool(dsn, "test", 2, 10) as pool:
        assert await pool.fetchval("select 1") == await (await session.live()).fetchval("select 1") == 1
        show(tmp_path, context, "second")
        await pool.expire_connections()
        session.drop()
        with pytest.raises(ssl.SSLCertVerificationError):
            await pool.fetchval("select 1")
        with pytest.raises(ssl.SSLCertVerificationError):
            await session.live()
        trust(tmp_path, "second")
        assert await pool.fetchval("select 1") == await (await session.live()).fetchval("select 1") == 1
    await session.close()
