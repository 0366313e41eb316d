"""Test support: a hub whose alerts can be provoked: engine, gateway, the post's adapter, and Prometheus."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from hub.embedded.process import free_port
from hub.embedded.stack import StackAddress
from hub.facts.integrity import FILE_NAME
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from hub.signing.sandbox import Sandbox
from tests.contract.postal_world import Control
from tests.scenario.away_counterparts import Bench, Postal
from tests.support.breakable import breakable_hub
from tests.support.certificates import Authority
from tests.support.clients import Client
from tests.support.gateways import Gateway
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub
from tests.support.processes import HubProcess
from tests.support.prometheus import Prometheus, prometheus
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.turnstile import Turnstile

SHORTER = 120
COUNTERS = ("sound", "buggy", "careless")
PARKED_LIMIT = 3


@dataclass(slots=True)
class Site:
    """What the stories work with; `gate` stands before the post, whose stand-in is `post`.

    `sick` are the dossiers of the participant that meets the bug.
    """

    hub: Hub
    store: asyncpg.Pool[Any]
    prometheus: Prometheus
    sound: Client
    buggy: Client
    careless: Client
    engine: HubProcess
    gateway: HubProcess
    adapter: HubProcess
    post: Control
    gate: Turnstile
    bench: Bench
    sick: list[str]
    folder: Path

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        """A session with the store, of one story at a time."""
        async with self.store.acquire() as connection:
            yield connection

    async def end_session(self, name: str) -> bool:
        """Let PostgreSQL end the session of this name; False when there is none."""
        ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1"
        return bool(await self.store.fetchval(f"{ended} and datname = current_database()", name))

    async def command(self, *words: str) -> str:
        """What an operator types; it must succeed."""
        address = self.hub.address
        own = {
            "HUB_KAFKA__USER": address.kafka_admin_user,
            "HUB_KAFKA__PASSWORD": address.kafka_admin_password,
        }
        status, said = await hub_command(self.hub.environment | own, *words)
        assert status == 0, said
        return said

    async def move_clock(self, shift: timedelta) -> None:
        """Legal time is the machine's and `shift` from now on."""
        await self.store.execute("insert into clock_step (from_time, shift) values (now(), $1)", shift)
        await self.store.execute(
            "update configuration_version set version = version + 1 where kind = 'clock'"
        )

    async def bench_order(self, number: int) -> None:
        """The post is to collect the papers of one dossier."""
        await Postal().order(self.bench, self.bench.dossiers[number])

    async def mended(self) -> None:
        """The engine without the bug takes the place of the one with it."""
        await self.engine.stop()
        self.engine._command = [sys.executable, "-m", "hub.cli.main", "run", "engine"]
        self.engine.start()
        await self.engine.ready()


@asynccontextmanager
async def alert_site(address: StackAddress, folder: Path) -> AsyncIterator[Site]:
    """Everything runs and is scraped; the engine has a bug in one rule."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(breakable_hub(address, folder, environment="test"))
        store = await stack.enter_async_context(asyncpg.create_pool(hub.dsn, min_size=1, max_size=6))
        watching = await stack.enter_async_context(prometheus(folder / "prometheus", SHORTER))
        clients = {name: await hub.join(f"counter-{name}", ["counter"], [ONE_STOP]) for name in COUNTERS}
        traffic = Traffic(hub, list(clients.values()))
        ports = dict[str, int]()
        for name in ("engine", "gateway", "adapter"):
            ports[name] = free_port(set(ports.values()))
        engine = _engine(hub, folder, ports["engine"])
        engine.start()
        await engine.ready()
        gateway = await _gateway(hub, folder, ports["gateway"])
        gate = await stack.enter_async_context(Turnstile())
        post = await stack.enter_async_context(Postal().life(folder))
        assert isinstance(post, Control)
        await gate.open(post.http.base_url.port or 0)
        adapter = await _adapter(hub, gate, folder, ports["adapter"])
        watching.watch({name: (name, port) for name, port in ports.items()})
        sound, buggy, careless = clients.values()
        bench = Bench(hub, sound, None, traffic, await traffic.dossiers(sound, 6))
        sick = await traffic.dossiers(buggy, PARKED_LIMIT + 1)
        yield Site(
            hub,
            store,
            watching,
            sound,
            buggy,
            careless,
            engine,
            gateway,
            adapter,
            post,
            gate,
            bench,
            sick,
            folder,
        )


def _engine(hub: Hub, folder: Path, port: int) -> HubProcess:
    made = Sandbox(datetime.now(UTC))
    made.write(folder / "pki", "x")
    engine = hub.engine(
        HUB_HTTP_PORT=str(port),
        HUB_ENGINE__PARKED_LIMIT=str(PARKED_LIMIT),
        HUB_RETENTION__EVERY_S="1",
        HUB_CHECK_EVERY_S="1",
        HUB_SIGNING__TRUST_FOLDER=str(folder / "pki" / "trust"),
        HUB_DOCUMENTS__FOLDER=str(folder / "documents"),
    )
    engine._command = [sys.executable, "-m", "tests.support.broken_engine"]
    return engine


async def _gateway(hub: Hub, folder: Path, port: int) -> HubProcess:
    """Its certificate ends in five days."""
    server = Authority(folder, "servers").issue("gateway", days=5)
    environment = hub.environment | {
        "HUB_KAFKA__USER": f"{hub.prefix}{GATEWAY}",
        "HUB_KAFKA__PASSWORD": await participants.set_up_gateway(hub.admin, hub.database, hub.store_key),
        "HUB_STORE_KEY_FILE": str(hub.master_key_file.with_name(FILE_NAME)),
        "HUB_DOCUMENTS__FOLDER": str(folder / "documents"),
        "HUB_HTTP_PORT": str(port),
        "HUB_GATEWAY__CERTIFICATE_FILE": str(server.certificate_file),
        "HUB_GATEWAY__KEY_FILE": str(server.key_file),
    }
    gateway = Gateway("gateway", "gateway", environment, folder)
    hub.processes.append(gateway)
    gateway.start()
    await gateway.ready()
    return gateway


async def _adapter(hub: Hub, gate: Turnstile, folder: Path, port: int) -> HubProcess:
    password = await hub.register("postal", ["postal"])
    environment = {
        **hub.environment,
        **Postal().environment(gate.url, folder),
        "HUB_KAFKA__USER": f"{hub.prefix}postal",
        "HUB_KAFKA__PASSWORD": password,
        "HUB_HTTP_PORT": str(port),
        "HUB_POSTAL_SETTLING_S": "600",
        "HUB_DELIVERY__GAUGES_S": "1",
    }
    adapter = HubProcess("adapter", "adapter", environment, folder, adapter="postal")
    hub.processes.append(adapter)
    adapter.start()
    await adapter.ready()
    return adapter
