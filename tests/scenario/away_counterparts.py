"""Test support: the counterparts of the away test: what is asked of them, and what came of each call."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.contract import population_world, portal_world, postal_world
from tests.support.clients import Client
from tests.support.hubs import Hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    ONE_STOP,
    PROCEDURE,
    REPORT_IDENTITY,
    VERIFY,
    acceptance,
    identity_report,
    verification,
)
from tests.support.traffic import Traffic

ORDER = "onestop.pickup.order.v1"
HOURS = 9
LAST, BEFORE, GROUPS = HOURS, HOURS + 1, HOURS + 2
"""Dossiers come in groups: one for each hour, one asked about just before the return, one the day before."""
EACH = 3
_SIGNED_URL = "http://dan-cu.example.test/csdldc/congdan"


class Control(Protocol):
    """A sandbox as its own process."""

    http: Any

    def journal(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What the hub was told of one call: whether it was done, else why not, in the officer's words."""

    is_done: bool
    reason_vi: str = ""


@dataclass(slots=True)
class Bench:
    """Who takes part in a day; `dossiers` are those made on the day before."""

    hub: Hub
    counter: Client
    population: Client | None
    traffic: Traffic
    dossiers: list[str] = field(default_factory=list)

    def of(self, group: int) -> list[str]:
        """The dossiers of a group."""
        return self.dossiers[group * EACH : (group + 1) * EACH]

    async def delivered(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Id, type and data of each message that the adapter has taken."""
        rows = await self.hub.database.fetch("select id, type, data from delivery")
        return [(row["id"], row["type"], json.loads(row["data"])) for row in rows]


class Counterpart(Protocol):
    """One of the three, each call under a key that its journal and the hub's facts share."""

    name: str
    beside: int
    """Calls that may be under way beside deliveries."""

    def life(self, folder: Path) -> AbstractAsyncContextManager[Control]: ...

    def environment(self, url: str, folder: Path) -> dict[str, str]: ...

    async def prepare(self, bench: Bench) -> None: ...

    async def ask(self, bench: Bench, group: int) -> None: ...

    async def asked(self, bench: Bench) -> set[str]: ...

    async def answers(self, bench: Bench) -> list[tuple[str, Answered]]: ...

    def effects(self, journal: list[dict[str, Any]]) -> Counter[str]: ...


class Population:
    """Each hour the counter asks about the applicants of three dossiers."""

    name = "population"
    beside = 0

    def life(self, folder: Path) -> AbstractAsyncContextManager[Control]:
        return population_world.sandbox_process(folder, procedures=[PROCEDURE], signed_url=_SIGNED_URL)

    def environment(self, url: str, folder: Path) -> dict[str, str]:
        config = population_world.SANDBOX_CONFIG
        rights = {
            "licences": {PROCEDURE: {}},
            "agencies": {ONE_STOP: ONE_STOP},
            "officers": {OFFICER["account"]: {"number": "cb.gia-lap.01", "organisations": [ONE_STOP]}},
        }
        (folder / "rights.json").write_text(json.dumps(rights), encoding="utf-8")
        return {
            "HUB_POPULATION_SERVICE_URL": f"{url}/csdldc/congdan",
            "HUB_POPULATION_SIGNED_URL": _SIGNED_URL,
            "HUB_POPULATION_USER": config["user"],
            "HUB_POPULATION_SECRET_KEY": config["secret"],
            "HUB_POPULATION_X_ROAD_CLIENT": config["x_road_client"],
            "HUB_POPULATION_API_KEY": config["api_key"],
            "HUB_POPULATION_RIGHTS_FILE": str(folder / "rights.json"),
            "HUB_POPULATION_TOTAL_TIMEOUT_S": "3",
            "HUB_POPULATION_CONNECT_TIMEOUT_S": "3",
            "HUB_POPULATION_RETRY_S": "0.2",
        }

    async def prepare(self, bench: Bench) -> None:
        bench.dossiers = await bench.traffic.dossiers(bench.counter, EACH * GROUPS)
        await self.ask(bench, BEFORE)

    async def ask(self, bench: Bench, group: int) -> None:
        await bench.traffic.verify(bench.counter, bench.of(group))

    async def asked(self, bench: Bench) -> set[str]:
        return {data["check"] for _, _, data in await bench.delivered()}

    async def answers(self, bench: Bench) -> list[tuple[str, Answered]]:
        # The database knows no such person: an answer, and another one than "could not ask".
        no_match = [
            (fact.data["check"], Answered(True)) for fact in bench.counter.facts("identity.mismatched")
        ]
        could_not = [
            (fact.data["check"], Answered(False, fact.data["reason_vi"]))
            for fact in bench.counter.facts("identity.unavailable")
        ]
        return no_match + could_not

    def effects(self, journal: list[dict[str, Any]]) -> Counter[str]:
        return Counter(entry["request_id"] for entry in journal if entry["kind"] == "effect")


class Postal:
    """Each hour the post is to collect the papers of three dossiers."""

    name = "postal"
    beside = 1

    def life(self, folder: Path) -> AbstractAsyncContextManager[Control]:
        return postal_world.sandbox_process(folder)

    def environment(self, url: str, folder: Path) -> dict[str, str]:  # noqa: ARG002  (one of three alike)
        return {
            "HUB_POSTAL_TOKEN_URL": f"{url}/token",
            "HUB_POSTAL_BASE_URL": f"{url}/apiVNPostNGSP/p1.0",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "SANDBOX01",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
            "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
            "HUB_POSTAL_STATUS_CODES_FILE": str(postal_world.ASSUMED_CODES),
            "HUB_POSTAL_TOTAL_TIMEOUT_S": "3",
            "HUB_POSTAL_CONNECT_TIMEOUT_S": "3",
            "HUB_POSTAL_RETRY_DELAY_S": "0.2",
            "HUB_POSTAL_SETTLING_S": "0.5",
            "HUB_POSTAL_POLL_INTERVAL_S": "0.5",
        }

    async def prepare(self, bench: Bench) -> None:
        bench.dossiers = await bench.traffic.dossiers(bench.counter, EACH * GROUPS)
        await self.ask(bench, BEFORE)

    async def ask(self, bench: Bench, group: int) -> None:
        for dossier in bench.of(group):
            await self.order(bench, dossier)

    async def order(self, bench: Bench, dossier: str) -> None:
        """One order of the counter."""
        order = {
            "direction": "collect",
            "sender": postal_world.APPLICANT,
            "receiver": postal_world.ONE_STOP,
            "organisation": ONE_STOP,
            "contents": ["Đơn đề nghị (bản chính)"],
        }
        await bench.traffic.send(bench.counter, ORDER, dossier, order)

    async def asked(self, bench: Bench) -> set[str]:
        return {data["order"] for _, _, data in await bench.delivered()}

    async def answers(self, bench: Bench) -> list[tuple[str, Answered]]:
        orders = {identity: data["order"] for identity, _, data in await bench.delivered()}
        taken = [
            (fact.data["order"], Answered(True))
            for fact in bench.counter.facts("pickup.progressed")
            if fact.data["status"] == "registered"
        ]
        refused = [
            (orders[fact.data["message"]], Answered(False, fact.data["reason_vi"]))
            for fact in bench.counter.facts("sync.recorded")
        ]
        return taken + refused

    def effects(self, journal: list[dict[str, Any]]) -> Counter[str]:
        return Counter(entry["order"] for entry in journal if entry["kind"] == "order")


class Portal:
    """Each hour three dossiers are accepted; at the end of the day some are forwarded too."""

    name = "portal"
    beside = 0

    def life(self, folder: Path) -> AbstractAsyncContextManager[Control]:
        return portal_world.sandbox_process(folder)

    def environment(self, url: str, folder: Path) -> dict[str, str]:  # noqa: ARG002  (one of three alike)
        return {
            "HUB_PORTAL_BASE_URL": url,
            "HUB_PORTAL_USERNAME": "sandbox",
            "HUB_PORTAL_PASSWORD": "sandbox-password",
            "HUB_PORTAL_UNIT": "000.00.00.H07",
            "HUB_PORTAL_RECORD_KEY": "r" * 32,
            "HUB_PORTAL_ONE_STOP": ONE_STOP,
            "HUB_PORTAL_TOTAL_TIMEOUT_S": "3",
            "HUB_PORTAL_CONNECT_TIMEOUT_S": "3",
            "HUB_PORTAL_RETRY_DELAY_S": "0.2",
            "HUB_PORTAL_SETTLING_S": "0.5",
        }

    async def prepare(self, bench: Bench) -> None:
        assert bench.population is not None
        answers: list[str] = []
        bench.dossiers = await bench.traffic.dossiers(bench.counter, EACH * GROUPS)
        for dossier in bench.dossiers:
            await bench.traffic.send(bench.counter, VERIFY, dossier, verification())
        await bench.traffic.answered()
        for dossier in bench.dossiers:
            check = (await bench.population.fact("identity.check_requested", dossier)).data["check"]
            answers.append(await bench.population.send(REPORT_IDENTITY, dossier, identity_report(check)))
        for answer in answers:
            await bench.population.receipt(answer)
        await self.ask(bench, BEFORE)

    async def ask(self, bench: Bench, group: int) -> None:
        for dossier in bench.of(group):
            await self._accept(bench, dossier)
        for dossier in (*bench.of(LAST), *bench.of(0)) if group == LAST else ():
            await bench.traffic.send(bench.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})

    async def _accept(self, bench: Bench, dossier: str) -> None:
        await bench.traffic.send(bench.counter, ACCEPT, dossier, acceptance())

    async def asked(self, bench: Bench) -> set[str]:
        return set((await self._lines(bench)).values())

    async def answers(self, bench: Bench) -> list[tuple[str, Answered]]:
        lines = await self._lines(bench)
        return [
            (
                lines[fact.data["message"]],
                Answered(fact.data["outcome"] == "delivered", fact.data.get("reason_vi", "")),
            )
            for fact in bench.counter.facts("sync.recorded")
        ]

    def effects(self, journal: list[dict[str, Any]]) -> Counter[str]:
        return Counter(
            f"{entry['code']} {entry['item']['TrangThai']}"
            for entry in journal
            if entry["kind"] == "progress"
        )

    async def _lines(self, bench: Bench) -> dict[str, str]:
        """Code and status of the line that each message gives, by the message's id."""
        statuses = {"onestop.dossier.accepted.v1": "2", "onestop.dossier.forwarded.v1": "4"}
        return {
            identity: f"{data['code']} {statuses[kind]}"
            for identity, kind, data in await bench.delivered()
            if kind in statuses
        }
