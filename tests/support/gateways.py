"""Test support: a gateway process and participants who come over HTTPS."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from hub.facts.integrity import FILE_NAME
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from hub.participants.registry import Participant
from tests.support.hubs import Hub
from tests.support.processes import HubProcess
from tests.support.waiting import eventually, within


class Gateway(HubProcess):
    """One `hub run gateway` with its own user on the broker."""

    async def door(self) -> str:
        """Base address for participants, once it listens."""
        await self.ready()
        await eventually(lambda: bool(self.actions("gateway_ready")), 10, "the door", self.output)
        scheme = "https" if "HUB_GATEWAY__CERTIFICATE_FILE" in self.environment else "http"
        return f"{scheme}://127.0.0.1:{self.actions('gateway_ready')[-1]['port']}"


@dataclass(slots=True)
class Visitor:
    """A participant over HTTPS: what its own system would do with an HTTP client."""

    name: str
    token: str
    client: httpx.AsyncClient

    def headers(self, event_type: str, subject: str, event_id: str) -> dict[str, str]:
        """The attributes of binary mode."""
        return {
            "ce-specversion": "1.0",
            "ce-id": event_id,
            "ce-source": f"/participants/{self.name}",
            "ce-type": event_type,
            "ce-time": datetime.now(UTC).isoformat(),
            "ce-subject": subject,
            "content-type": "application/json",
        }

    def event(self, event_type: str, subject: str, data: Any, event_id: str | None = None) -> dict[str, Any]:
        """The same as one JSON object, for structured and batch mode."""
        headers = self.headers(event_type, subject, event_id or str(uuid.uuid4()))
        attributes = {name[3:]: text for name, text in headers.items() if name.startswith("ce-")}
        return attributes | {"data": data}

    async def send(
        self, event_type: str, subject: str, data: Any, *, event_id: str | None = None
    ) -> httpx.Response:
        """Post one request in binary mode."""
        value = data if isinstance(data, bytes) else orjson.dumps(data)
        headers = self.headers(event_type, subject, event_id or str(uuid.uuid4()))
        return await self.client.post("/v1/events", content=value, headers=headers)

    async def receipt(self, event_type: str, subject: str, data: Any) -> dict[str, Any]:
        """Post one request and return the data of its receipt."""
        answer = await self.decided(event_type, subject, data)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def decided(self, event_type: str, subject: str, data: Any) -> httpx.Response:
        """Post one request, and again with its id while it is not decided, as clients should."""
        event_id = str(uuid.uuid4())
        async with within(20):
            while True:
                answer = await self.send(event_type, subject, data, event_id=event_id)
                if answer.status_code not in (202, 503):
                    return answer
                await asyncio.sleep(0.2)

    async def messages(self, cursor: str | None = None, wait: int = 0, **more: Any) -> dict[str, Any]:
        """One piece of the feed."""
        asked = {"wait": wait, **({"cursor": cursor} if cursor else {}), **more}
        answer = await self.client.get("/v1/messages", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def message(self, kind: str, dossier: str, limit_s: float = 40) -> dict[str, Any]:
        """The first message of this type about a dossier, of the feed from its beginning."""
        cursor = None
        async with within(limit_s):
            while True:
                piece = await self.messages(cursor, wait=5)
                cursor = piece["cursor"]
                for message in piece["messages"]:
                    if (message["type"], message["partitionkey"]) == (kind, dossier):
                        found: dict[str, Any] = message
                        return found


class Site:
    """A hub with one gateway; participants join over HTTPS."""

    def __init__(self, hub: Hub, gateway: Gateway, password: str, documents: Path) -> None:
        """`documents`: the folder of stored documents."""
        self.hub = hub
        self.documents = documents
        self.gateway = gateway
        self.password = password
        self._stack = AsyncExitStack()

    async def join(self, name: str, roles: Sequence[str], organisations: Sequence[str] = ()) -> Visitor:
        """Register a participant over HTTPS; it knows the gateway's present address."""
        newcomer = Participant(name, tuple(roles), tuple(organisations), self.hub.partitions, is_http=True)
        token = await participants.add(self.hub.admin, self.hub.database, self.hub.store_key, newcomer)
        visitor = await self.visitor(name, token)
        await self.known(visitor)
        return visitor

    async def known(self, visitor: Visitor) -> None:
        """Wait until the engine reads the new topic: it learns of topics within some seconds."""
        answer = await visitor.decided("onestop.dossier.withdraw.v1", "ref:knock", {})
        assert answer.status_code == 200, answer.text

    async def visitor(self, name: str, token: str, **options: Any) -> Visitor:
        """A client of the present gateway that shows this token."""
        client = httpx.AsyncClient(
            base_url=await self.gateway.door(),
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(40),
            limits=httpx.Limits(keepalive_expiry=5),
            **options,
        )
        await self._stack.enter_async_context(client)
        return Visitor(name, token, client)

    async def close(self) -> None:
        """Close the clients."""
        await self._stack.aclose()


@asynccontextmanager
async def own_site(
    hub: Hub, folder: Path, *, password: str | None = None, **settings: str
) -> AsyncIterator[Site]:
    """A gateway on the hub, ready; `settings` go to its process, the password is that of a first gateway."""
    password = password or await participants.set_up_gateway(hub.admin, hub.database, hub.store_key)
    environment = hub.environment | {
        "HUB_KAFKA__USER": f"{hub.prefix}{GATEWAY}",
        "HUB_KAFKA__PASSWORD": password,
        "HUB_DOCUMENTS__FOLDER": str(folder / "documents"),
    }
    del environment["HUB_MASTER_KEY_FILE"]
    environment["HUB_STORE_KEY_FILE"] = str(hub.master_key_file.with_name(FILE_NAME))
    gateway = Gateway("gateway", f"gateway-{len(hub.processes)}", environment | settings, folder)
    hub.processes.append(gateway)
    gateway.start()
    site = Site(hub, gateway, password, folder / "documents")
    try:
        await gateway.door()
        yield site
    finally:
        await site.close()
        await gateway.end()
