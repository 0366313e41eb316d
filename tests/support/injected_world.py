"""Test support: a hub with engine, gateway, adapter and their participants, in which marked data raise."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import orjson

from hub.embedded.stack import StackAddress
from tests.support import gateways
from tests.support.clients import Client, Received
from tests.support.gateways import Visitor, own_site
from tests.support.injected import FOLDER, PLACES, Marks, injected
from tests.support.portal_site import Site, portal_site, running
from tests.support.processes import HubProcess
from tests.support.requests import (
    ACCEPT,
    CHECK,
    ONE_STOP,
    SUBMIT,
    acceptance,
    hand_check,
    submission,
)
from tests.support.waiting import eventually

ENTERPRISE = {"kind": "enterprise", "name": "Công ty TNHH Mẫu Thử", "tax_code": "0100233488"}
"""Accepted without the population database: an officer sees its paper."""


class Actions(logging.Handler):
    """What the adapter in this process logs, by action."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(str(getattr(record, "action", "")))


@dataclass(slots=True)
class World:
    """`sick` and `sick_https` are the participants whose data raise; all others are to be served."""

    site: Site
    door: gateways.Site
    engine: HubProcess
    marks: Marks
    sick: Client
    healthy: Client
    sick_https: Visitor
    healthy_https: Visitor
    actions: Actions
    engine_settings: Mapping[str, str]
    lodged: int = field(default=0)

    def told(self, action: str) -> int:
        """How often engine, gateway and adapter have logged this action."""
        processes = (self.engine, self.door.gateway)
        return sum(len(process.actions(action)) for process in processes) + self.actions.seen.count(action)

    async def dossier(self, client: Client, *, is_accepted: bool = False) -> str:
        """A new dossier of an enterprise, accepted if it is asked for."""
        receipt = await client.ask(SUBMIT, f"ref:{uuid4()}", submission(applicant=ENTERPRISE))
        dossier: str = receipt.data["dossier"]
        await client.ask(CHECK, dossier, hand_check(ENTERPRISE))
        if is_accepted:
            await self.accept(client, dossier)
        return dossier

    async def accept(self, client: Client, dossier: str) -> Received:
        """The one-stop takes it; from here on the portal is told."""
        return await client.ask(ACCEPT, dossier, acceptance())

    async def others_are_served(self) -> None:
        """Over Kafka, over HTTPS by receipt, feed and look-up, and by the adapter at its counterpart."""
        dossier = await self.dossier(self.healthy, is_accepted=True)
        code = (await self.healthy.fact("dossier.accepted", dossier)).data["code"]
        self.lodged += 1
        reference = f"ref:served-{self.lodged}"
        sent = await self.healthy_https.send(SUBMIT, reference, submission())
        request = orjson.loads(sent.content)["request"]

        async def has_receipt() -> bool:
            answer = await self.healthy_https.client.get(f"/v1/receipts/{request}")
            return answer.status_code == 200

        await eventually(has_receipt, 30, "the receipt over HTTPS", self.evidence)
        found = (await self.healthy_https.client.get(f"/v1/dossiers/{reference}")).json()
        await self.healthy_https.message("onestop.dossier.submitted.v1", found["dossier"])

        async def is_shown() -> bool:
            return (await self.site.portal.http.get(f"/_dossiers/{code}")).status_code == 200

        await eventually(is_shown, 30, "the portal to show a neighbour's dossier", self.evidence)
        asked = await self.site.call("/search/call", {"madonvi": "x", "service": "y", "masohoso": code})
        assert asked["MaHoSo"] == code

    def evidence(self) -> str:
        """What engine and gateway wrote last."""
        return self.engine.output()[-3000:] + self.door.gateway.output()[-1500:]


@asynccontextmanager
async def injected_world(
    stack: StackAddress, folder: Path, places: Mapping[str, str]
) -> AsyncIterator[World]:
    """All of it running; the functions at `places` raise for what is marked, in whichever process."""
    marks, actions = Marks(folder / "marks"), Actions()
    settings = {
        PLACES: orjson.dumps(dict(places)).decode(),
        FOLDER: str(folder / "marks"),
        "HUB_RETENTION__EVERY_S": "1",
        "HUB_ENGINE__PARKED_LIMIT": "200",
    }
    logging.getLogger().addHandler(actions)
    with injected(places, marks):
        async with portal_site(stack, folder, environment="test") as site:
            site.adapter.poll_interval_s = 0.2
            async with running(site):
                engine = site.hub.processes[0]
                await restarted(engine, "engine", settings)
                async with own_site(site.hub, folder) as door:
                    await restarted(door.gateway, "gateway", settings)
                    await door.gateway.door()
                    yield World(
                        site,
                        door,
                        engine,
                        marks,
                        await site.hub.join("counter-sick", ["counter"], [ONE_STOP]),
                        site.counter,
                        await door.join("counter-sick-https", ["counter"], ["000.12.36.H07"]),
                        await door.join("counter-https", ["counter"], [ONE_STOP]),
                        actions,
                        settings,
                    )
    logging.getLogger().removeHandler(actions)


async def restarted(process: HubProcess, role: str, settings: Mapping[str, str]) -> None:
    """The same process again, in which marked data raise."""
    await process.stop()
    process._command = [sys.executable, "-m", "tests.support.injected", "run", role]
    process.start(**settings)
    await process.ready()
