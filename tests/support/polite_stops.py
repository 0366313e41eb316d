"""Test support: the broker stopped politely under load, round by round, and what every process says of it."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from hub.embedded import stack as embedded
from tests.contract.population_world import Control, sandbox_process
from tests.integration.engine.test_clockwork_firing import MISSED, ONLINE, move_clock
from tests.support.breakable import breakable_hub, breakable_stack
from tests.support.clients import Client
from tests.support.gateways import Site, Visitor, own_site
from tests.support.health_watch import HealthWatch, Look
from tests.support.population_adapter import answers, population_adapter
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, PROCEDURE, SUBMIT, submission
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

HEALS_S = 30.0
NOTICED_S = 12.0
"""A process may still say that it is ready for so long after the broker has gone."""
STEP = timedelta(days=4)


EXPECTED_REFUSALS = {"unknown_dossier", "identity.unknown_check"}
"""The knock of a newcomer, and the answer to a question behind which a newer one was asked."""
FORGOTTEN_S = 60.0
"""A topic that could not be written and is not tried again is told of for a while."""


def is_ready(look: Look) -> bool:
    return look.is_alive and look.is_ready


def is_well(look: Look) -> bool:
    return is_ready(look) and not look.impaired


@dataclass
class Desk:
    """A one-stop over HTTPS that posts each request with the same id until it is taken."""

    visitor: Visitor
    taken: list[str] = field(default_factory=list)
    is_closing: bool = False

    async def work(self) -> None:
        event_id = str(uuid.uuid4())
        while not self.is_closing:
            try:
                answer = await self.visitor.send(SUBMIT, f"ref:{event_id}", submission(), event_id=event_id)
            except httpx.TransportError:
                continue
            if answer.is_success:
                self.taken.append(event_id)
                event_id = str(uuid.uuid4())
            await asyncio.sleep(0.1)


@dataclass
class Scene:
    """A hub with an engine (relay and clockwork in it), a gateway and an adapter, all at work."""

    home: Path
    traffic: Traffic
    counter: Client
    site: Site
    engine: HubProcess
    desk: Desk
    adapter: HubProcess
    sandbox: Control
    watch: HealthWatch
    dossiers: list[str] = field(default_factory=list)
    timed: list[str] = field(default_factory=list)
    questions: int = 0
    steps: int = 0

    async def ask(self, rounds: int) -> None:
        """Requests that the adapter has to answer; acknowledged by the broker when this returns."""
        self.questions += rounds * len(self.dossiers)
        await self.traffic.verify(self.counter, self.dossiers, rounds)

    async def lodge_online(self, count: int) -> None:
        """Dossiers whose timers the next step of the clock makes due."""
        ids = [await self.traffic.submit(self.counter, data=ONLINE) for _ in range(count)]
        await self.traffic.answered()
        self.timed += [str(self.traffic.receipts(self.counter, i)[0].data["dossier"]) for i in ids]

    async def make_due(self) -> None:
        self.steps += 1
        await move_clock(self.site.hub, STEP * self.steps)

    async def missed(self) -> Counter[str]:
        facts = await self.traffic.facts()
        return Counter(body["dossier"] for body in facts if body["type"] == MISSED)

    def evidence(self) -> str:
        tail = "\n".join(str(look) for look in self.watch.looks[-9:])
        return f"{self.traffic.evidence()[-1500:]}\n{tail}"

    async def works_again(self) -> None:
        """Within the limit: posts, receipts, timers, reports, and everybody says so."""
        before = len(self.desk.taken)

        async def does_all() -> bool:
            if len(self.desk.taken) <= before or answers(self.sandbox) < self.questions:
                return False
            reports = await self.site.hub.database.fetchval(
                "select count(*) from inbox where participant = 'population'"
            )
            return reports == self.questions and (await self.missed()).keys() >= set(self.timed)

        await eventually(does_all, HEALS_S, "all work to go on", self.evidence)
        await eventually(lambda: self.all_look(is_ready), HEALS_S, "all to be ready", self.evidence)
        await eventually(lambda: self.all_look(is_well), FORGOTTEN_S, "all to be well", self.evidence)
        await self.traffic.answered(HEALS_S)

    def all_look(self, right: Callable[[Look], bool]) -> bool:
        """Whether each process's last look was right."""
        return all({look.process: right(look) for look in self.watch.looks}.values())

    def judge(self, stopped: float, started: float) -> list[Look]:
        """The looks of a round that were not true."""
        away = self.watch.between(stopped + NOTICED_S, started)
        assert away, "the stop was too short to be judged"
        dead = [look for look in self.watch.between(stopped - 5, time.monotonic()) if not look.is_alive]
        return [look for look in away if look.is_ready] + dead


async def stop_politely(scene: Scene, away_s: float) -> None:
    """One round: everything under way, the broker ends as SIGTERM asks it to, and comes back."""
    await scene.lodge_online(4)
    await scene.ask(4)
    await scene.make_due()
    stopping = time.monotonic()
    await asyncio.to_thread(embedded.stop_kafka, scene.home)
    await asyncio.sleep(away_s)  # the outage itself: its length is what is tested
    started = time.monotonic()
    await asyncio.to_thread(embedded.start_kafka, scene.home)
    await scene.works_again()
    assert scene.judge(stopping, started) == [], scene.evidence()


@asynccontextmanager
async def scene_at_work(folder: Path) -> AsyncIterator[Scene]:
    """On a stack of its own."""
    with breakable_stack(folder) as (home, address):
        async with (
            breakable_hub(address, folder, environment="test") as hub,
            sandbox_process(folder, procedures=[PROCEDURE]) as sandbox,
            own_site(hub, folder) as site,
        ):
            engine = await hub.start_engine()
            counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
            adapter = await population_adapter(
                hub, sandbox.service_url, sandbox.service_url, folder, HUB_DELIVERY__GAUGES_S="1"
            )
            desk = Desk(await site.join("counter-b", ["counter"], [ONE_STOP]))
            watch = HealthWatch([engine, site.gateway, adapter])
            traffic = Traffic(hub, [counter])
            scene = Scene(home, traffic, counter, site, engine, desk, adapter, sandbox, watch)
            scene.dossiers = await traffic.dossiers(counter, 5)
            working = asyncio.create_task(desk.work())
            try:
                async with watch.looking():
                    yield scene
                desk.is_closing = True
                await asyncio.wait_for(working, 60)
            finally:
                working.cancel()


async def check_books(scene: Scene) -> None:
    """Nothing lost, nothing doubled in effect, by the journals of who sent and of who answered."""
    await scene.traffic.check(least_told=scene.questions)
    assert answers(scene.sandbox) == scene.questions
    counted = await scene.missed()
    assert {name: counted[name] for name in scene.timed} == dict.fromkeys(scene.timed, 1)
    database = scene.site.hub.database
    inbox: list[Any] = await database.fetch("select id from inbox where participant = 'counter-b'")
    assert {row["id"] for row in inbox} >= set(scene.desk.taken)
    lodged = Counter(
        body["request"] for body in await scene.traffic.facts() if body["source"].endswith("counter-b")
    )
    assert {name: lodged[name] for name in scene.desk.taken} == dict.fromkeys(scene.desk.taken, 1)
    page = await scene.engine.metrics()
    refused = set(re.findall(r'hub_events_rejected_total\{.*reason="([^"]+)"', page))
    assert refused <= EXPECTED_REFUSALS
    assert scene.adapter.exit_status is None
    assert all(process.exit_status is None for process in scene.site.hub.processes)
