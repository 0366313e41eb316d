"""Where gateways are reached: each tells the store while it runs, and the commands tell new participants."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from asyncpg.pool import Pool

from hub.facts.checked import GATEWAY_ADDRESS
from hub.facts.integrity import StoreKey
from hub.logs import log
from hub.postgres.away import AWAY
from hub.postgres.database import Connection
from hub.settings import GatewaySettings

_EVERY_S = 10.0
_SEEN = """
insert into gateway_address (url, mac) values ($1, $2)
on conflict (url) do update set seen_at = now(), mac = excluded.mac
"""
_FORGET = "delete from gateway_address where url = $1 or seen_at < now() - interval '1 hour'"
_RUNNING = """
select url, mac from gateway_address where seen_at > now() - interval '30 seconds' order by seen_at desc, url
"""


class Presence:
    """The address of this process; none is told that nobody could use (all interfaces, no public URL)."""

    def __init__(self, settings: GatewaySettings, pool: Pool, key: StoreKey) -> None:
        self._settings = settings
        self._key = key
        self._pool = pool
        self._url: str | None = None
        self._is_open = asyncio.Event()

    def opened(self, port: int) -> None:
        """The door listens on this port."""
        log("gateway_ready", port=port)
        self._url = url_of(self._settings, port)
        self._is_open.set()

    @property
    def is_open(self) -> bool:
        """Whether the door listens."""
        return self._is_open.is_set()

    async def step(self) -> None:
        """One step of the side task: say that this address is served."""
        await self._is_open.wait()
        if self._url is not None:
            await self._pool.execute(_SEEN, self._url, GATEWAY_ADDRESS.check(self._key, self._url))
        await asyncio.sleep(_EVERY_S)

    async def end(self) -> None:
        """Take the address back; one that cannot be taken back counts as gone after 30 s."""
        if self._url is not None:
            try:
                await asyncio.wait_for(self._pool.execute(_FORGET, self._url), 2)
            except AWAY:
                return


def url_of(settings: GatewaySettings, port: int) -> str | None:
    """How participants write the address: the public URL, else scheme, host and port (pure)."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = settings.host
    if port == 0 or _is_unspecified(host):
        return None
    scheme = "https" if settings.certificate_file else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _is_unspecified(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


async def gateway_url(settings: GatewaySettings, connection: Connection, key: StoreKey) -> str | None:
    """What participants are told: the public URL, else where a gateway of this database runs now.

    Without both it is what the settings make of it: None when they name no port.
    """
    if not settings.public_url:
        for row in GATEWAY_ADDRESS.genuine(await connection.fetch(_RUNNING), key):
            return str(row["url"])
    return url_of(settings, settings.port)
