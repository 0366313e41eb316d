"""Test support: the public page as a process, and people who look dossiers up with an ordinary client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from hub.embedded.postgres import SUPERUSER
from hub.embedded.state import Folders, load_state
from hub.facts.integrity import FILE_NAME
from hub.postgres.database import Connection
from tests.support.hubs import Hub
from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.stack import REPOSITORY, own_name, shared_home
from tests.support.waiting import eventually

NAME = "public"
"""Of the participant that the page is."""
RIGHTS = REPOSITORY / "deploy" / "postgres" / "public.sql"
_PASSWORD = "x"


class PublicPage(HubProcess):
    """One `hub run public`."""

    async def door(self) -> str:
        """Where everybody finds it."""
        await self.ready()
        await eventually(lambda: bool(self.actions("public_ready")), 10, "the door", self.output)
        return f"http://127.0.0.1:{self.actions('public_ready')[-1]['port']}"


@dataclass(slots=True)
class People:
    """Whoever knows the address."""

    page: PublicPage
    url: str
    client: httpx.AsyncClient

    async def look_up(self, code: str, factor: str, language: str = "vi") -> httpx.Response:
        """Type it into the form."""
        return await self.client.post("/tra-cuu", data={"ma": code, "kt": factor, "l": language})

    async def speak(self, way: str, code: str, factor: str, said: dict[str, str]) -> httpx.Response:
        """Rate (`danh-gia`) or complain (`phan-anh`)."""
        return await self.client.post(f"/{way}", data={"ma": code, "kt": factor, **said}, timeout=30)

    async def scan(self, link: str) -> httpx.Response:
        """Open the link of a QR code, at the address where this page happens to be."""
        return await self.client.get(urlunsplit(("", "", *urlsplit(link)[2:])))


@asynccontextmanager
async def reader(hub: Hub) -> AsyncIterator[str]:
    """The DSN of a database user that has the rights of the page and no other."""
    name, parts = own_name("public"), urlsplit(hub.dsn)
    state = load_state(Folders.of(shared_home()))
    assert state is not None
    host = f"{parts.hostname}:{parts.port}"
    as_superuser = parts._replace(netloc=f"{SUPERUSER}:{state.postgres_superuser_password}@{host}")
    server: Connection = await asyncpg.connect(urlunsplit(as_superuser))
    try:
        await server.execute(f"create role {name} login password '{_PASSWORD}'")
        await server.execute(RIGHTS.read_text("utf-8").replace(':"user"', name))
        yield urlunsplit(parts._replace(netloc=f"{name}:{_PASSWORD}@{host}"))
    finally:
        await server.execute(f"drop owned by {name}")
        await server.execute(f"drop role {name}")
        await server.close()


@asynccontextmanager
async def own_page(
    hub: Hub, folder: Path, dsn: str, *, password: str | None = None, **settings: str
) -> AsyncIterator[People]:
    """The page on this hub, ready, without the master key; with the `password` of its own participant."""
    environment = {
        "HUB_ENVIRONMENT": hub.environment_name,
        "HUB_POSTGRES__DSN": dsn,
        "HUB_STORE_KEY_FILE": str(hub.master_key_file.with_name(FILE_NAME)),
    }
    if password is not None:
        kafka = {name: text for name, text in hub.environment.items() if name.startswith("HUB_KAFKA__")}
        environment |= kafka
        environment |= {"HUB_KAFKA__USER": f"{hub.prefix}{NAME}", "HUB_KAFKA__PASSWORD": password}
    page = PublicPage("public", f"public-{len(hub.processes)}", environment | settings, folder)
    hub.processes.append(page)
    page.start()
    try:
        url = await page.door()
        async with plain_http(base_url=url, follow_redirects=False) as client:
            yield People(page, url, client)
    finally:
        await page.end()
