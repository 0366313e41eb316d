"""Test support: a hub with the portal adapter at work in this process, and the portal as a process."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import DoorSettings, LinkSettings
from hub.delivery.documents import StoredFiles
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.runtime import run_adapter
from hub.documents.store import DocumentStore, StoredDocument, documents
from hub.embedded.stack import StackAddress
from hub.participants.registry import user_of
from hub.settings import KafkaSettings
from hub.settings.documents import DocumentsSettings
from tests.contract.portal_world import Control, sandbox_process, settings_for
from tests.support.clients import Client
from tests.support.delivery_worlds import OPTIONS
from tests.support.hubs import Hub, own_hub
from tests.support.requests import AGENCY, ONE_STOP
from tests.support.waiting import within

PREFIX = "/XrdAdapter/RestService/forward"


@dataclass(slots=True)
class Site:
    """Everybody who takes part; `door` is how the portal reaches the adapter."""

    hub: Hub
    counter: Client
    agency: Client
    population: Client
    portal: Control
    adapter: PortalAdapter
    door: str
    kafka: KafkaSettings
    documents: DocumentStore
    settings: dict[str, Any] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    async def put(self, content: bytes) -> str:
        """Store a document; its SHA-256."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        digest = hashlib.sha256(content).hexdigest()
        assert isinstance(await self.documents.put(digest, chunks(), "application/pdf"), StoredDocument)
        return digest

    async def call(self, path: str, body: Any) -> Any:
        """Have the portal call the adapter."""
        answer = await self.portal.http.post("/_call", json={"path": path, "body": body}, timeout=30)
        return answer.raise_for_status().json()

    async def pay(self, code: str, **wanted: Any) -> Any:
        """Have a citizen pay on the portal."""
        answer = await self.portal.http.post("/_pay", json={"MaHoSo": code, **wanted}, timeout=30)
        return answer.raise_for_status().json()


@asynccontextmanager
async def portal_site(
    stack: StackAddress, folder: Path, *, environment: str = "live", **settings: Any
) -> AsyncIterator[Site]:
    """A hub with its engine, the sandbox, and the adapter (not running: see `running`)."""
    async with (
        own_hub(stack, folder, environment=environment) as hub,
        sandbox_process(folder, "--unit", "000.00.00.H07") as portal,
    ):
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        agency = await hub.join("agency-a", ["agency"], [AGENCY])
        population = await hub.join("population", ["population"])
        password = await hub.register("portal", ["portal"])
        kafka = KafkaSettings(
            bootstrap=stack.kafka_bootstrap,
            user=user_of("portal", hub.prefix),
            password=SecretStr(password),
            prefix=hub.prefix,
        )
        await hub.start_engine()
        port = _free_port()
        values = {
            "door": DoorSettings(port=port),
            "links": LinkSettings(public_url=f"http://127.0.0.1:{port}", key=SecretStr("k" * 32)),
            "one_stop": ONE_STOP,
            **settings,
        }
        store = documents(DocumentsSettings(folder=folder / "documents"))
        adapter = PortalAdapter(settings_for(portal.base, **values), StoredFiles(store))
        door = f"http://127.0.0.1:{port}{PREFIX}"
        (await portal.http.post("/_door", json={"base": door})).raise_for_status()
        yield Site(hub, counter, agency, population, portal, adapter, door, kafka, store, values)


@asynccontextmanager
async def running(site: Site, adapter: PortalAdapter | None = None) -> AsyncIterator[PortalAdapter]:
    """Run the adapter in this process until the end of the block; waits until its door is open."""
    chosen, stop = adapter or site.adapter, asyncio.Event()
    task = asyncio.create_task(
        run_adapter(
            chosen,
            site.kafka,
            site.hub.dsn,
            environment=site.hub.environment_name,
            options=DeliveryOptions(**(OPTIONS | {"call_timeout_s": 5.0})),
            stop=stop,
            metrics=DeliveryMetrics(site.registry if adapter is None else CollectorRegistry()),
        )
    )
    try:
        async with within(20):
            while chosen.door_port is None:
                assert not task.done(), "the adapter ended at its start"
                await asyncio.sleep(0.02)
        yield chosen
    finally:
        stop.set()
        async with within(15):
            await task


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
