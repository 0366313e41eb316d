"""Kafka, then PostgreSQL away while participants post, read and look up: on a stack of their own."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.breakable import breakable_hub, reconnect
from tests.support.gateways import Site, Visitor, own_site
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

QUICKLY_S = 9.0
"""Far above what an answer takes, and below the time-outs of HTTP clients."""


@dataclass
class Desk:
    """A client that sends each request until it is taken; `taken` are the ids that were answered 2xx."""

    visitor: Visitor
    taken: dict[str, str] = field(default_factory=dict)
    refusals: set[int] = field(default_factory=set)
    is_closing: bool = False

    async def post(self, event_id: str) -> httpx.Response:
        """One attempt; what is answered 2xx is written down."""
        answer = await self.visitor.send(SUBMIT, f"ref:{event_id}", submission(), event_id=event_id)
        if answer.is_success:
            self.taken[event_id] = answer.headers.get("location", "")
        else:
            self.refusals.add(answer.status_code)
        return answer

    async def work(self) -> None:
        """One request after the other, each with the same id until it is taken."""
        event_id = str(uuid.uuid4())
        while not self.is_closing:
            if (await self.post(event_id)).is_success:
                event_id = str(uuid.uuid4())
            await asyncio.sleep(0.2)


@dataclass
class Scene:
    """A hub with engine and gateway on a stack that may be broken, and a desk at work."""

    home: Path
    site: Site
    engine: HubProcess
    desk: Desk
    stranger: Visitor

    @property
    def visitor(self) -> Visitor:
        return self.desk.visitor

    async def health(self, path: str) -> int:
        async with httpx.AsyncClient(timeout=10) as client:
            return (await client.get(f"{await self.site.gateway.url()}/{path}")).status_code

    async def becomes_ready(self, *, wanted: bool) -> None:
        async def is_so() -> bool:
            return (await self.health("readyz") == 200) is wanted

        await eventually(is_so, 40, f"readiness {wanted}", self.site.gateway.output)


@asynccontextmanager
async def scene(own_stack: tuple[Path, StackAddress], folder: Path) -> AsyncIterator[Scene]:
    home, address = own_stack
    async with breakable_hub(address, folder, environment="test") as hub, own_site(hub, folder) as site:
        engine = await hub.start_engine()
        visitor = await site.join("counter-a", ["counter"], [ONE_STOP])
        stranger = await site.visitor("nobody", "a-token-that-nobody-has-drawn")
        desk = Desk(await site.visitor(visitor.name, visitor.token))
        working = asyncio.create_task(desk.work())
        try:
            await eventually(lambda: len(desk.taken) > 3 or working.done(), 30, "some requests")
            yield Scene(home, site, engine, Desk(visitor), stranger)
            desk.is_closing = True
            await asyncio.wait_for(working, 60)
            assert desk.refusals <= {503}
            await all_kept(site, desk)
        finally:
            working.cancel()


async def all_kept(site: Site, desk: Desk) -> None:
    """Each request that was answered 2xx has its receipt, one dossier and its two messages."""
    visitor = desk.visitor
    for event_id in list(desk.taken)[-20:]:
        receipt = await visitor.client.get(f"/v1/receipts/{event_id}", params={"wait": 30})
        assert receipt.status_code == 200, (event_id, receipt.text)
        assert receipt.json()["facts"][0]["sequence"] == 1
    inbox = await site.hub.database.fetch("select id from inbox where participant = $1", visitor.name)
    assert {row["id"] for row in inbox} >= set(desk.taken)
    answered = await receipts_in_feed(visitor, set(desk.taken))
    assert answered == set(desk.taken)


async def receipts_in_feed(visitor: Visitor, wanted: set[str]) -> set[str]:
    """Ids of the requests whose receipts came, until all that are wanted did."""
    cursor, found = None, set[str]()
    end = time.monotonic() + 40
    while not wanted <= found and time.monotonic() < end:
        piece = await visitor.messages(cursor, wait=5)
        cursor = piece["cursor"]
        found |= {str(item["data"]["request"]) for item in piece["messages"] if "request" in item["data"]}
    return found & wanted


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    problem = answer.json()
    assert problem["code"] == "gateway.unavailable"
    assert all(problem[name] for name in ("title", "title_vi", "detail", "detail_vi"))


async def quickly(asked: Awaitable[httpx.Response]) -> httpx.Response:
    """The answer, which comes in time whatever is away."""
    return await asyncio.wait_for(asked, QUICKLY_S)


async def test_while_kafka_is_away_nothing_is_taken_and_all_that_was_taken_is_kept(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    async with scene(own_stack, tmp_path) as here:
        client, late = here.visitor.client, str(uuid.uuid4())
        known = str(uuid.uuid4())
        answered = await here.desk.post(known)
        dossier = (await client.get(f"/v1/receipts/{known}", params={"wait": 30})).json()["dossier"]
        await asyncio.to_thread(embedded.stop_kafka, here.home, kill=True)
        try:
            await here.becomes_ready(wanted=False)
            for _ in range(2):
                assert_unavailable(await quickly(here.desk.post(late)))
                assert_unavailable(await quickly(client.get("/v1/messages")))
                assert (await quickly(client.get(f"/v1/receipts/{known}"))).status_code == 200
                assert (await quickly(client.get(f"/v1/dossiers/{dossier}"))).status_code == 200
            assert (await here.stranger.client.get("/v1/messages")).status_code == 401
            assert await here.health("livez") == 200
        finally:
            await asyncio.to_thread(embedded.start_kafka, here.home)
        await reconnect(here.site.hub)
        await here.becomes_ready(wanted=True)
        taken = await here.desk.post(late)
        assert taken.status_code in (200, 202), taken.text
        assert (await client.get("/v1/messages")).status_code == 200
        assert answered.is_success
        await all_kept(here.site, here.desk)
        assert not here.site.gateway.actions("request_failed")
        assert here.site.gateway.exit_status is None


async def test_while_postgresql_is_away_requests_are_taken_and_their_receipts_come_later(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    async with scene(own_stack, tmp_path) as here:
        client, scan = here.visitor.client, b"%PDF-1.7\n a scan of nothing"
        place, headers = (
            f"/v1/documents?sha256={sha256(scan).hexdigest()}",
            {"content-type": "application/pdf"},
        )
        cursor = (await here.visitor.messages())["cursor"]
        await asyncio.to_thread(embedded.stop_postgres, here.home, kill=True)
        try:
            await here.becomes_ready(wanted=False)
            for _ in range(2):
                pending = await quickly(here.desk.post(str(uuid.uuid4())))
                assert pending.status_code == 202, pending.text
                assert_unavailable(await quickly(client.get(pending.headers["location"])))
                assert_unavailable(await quickly(client.get("/v1/dossiers/ref:any")))
                assert_unavailable(await quickly(client.post(place, headers=headers, content=scan)))
                for _ in range(3):
                    assert_unavailable(await quickly(here.stranger.client.get("/v1/messages")))
                feed = await quickly(client.get("/v1/messages", params={"cursor": cursor}))
                assert feed.status_code == 200
            assert await here.health("livez") == 200
        finally:
            await asyncio.to_thread(embedded.start_postgres, here.home)
        await reconnect(here.site.hub)
        await here.becomes_ready(wanted=True)
        assert len(here.desk.taken) == 2
        await all_kept(here.site, here.desk)
        assert (await client.post(place, headers=headers, content=scan)).status_code == 201
        assert (await here.stranger.client.get("/v1/messages")).status_code == 401
        assert not here.site.gateway.actions("request_failed")
        assert here.site.gateway.exit_status is None
