"""Test support: a province on the real stack: one-stop, agencies, post, portal, a clock to set."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from hub.regulation.clock import VIETNAM
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    COMPONENTS,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)  # fmt: skip

SECOND, THIRD, UPPER = "000.12.36.H07", "000.12.37.H07", "000.00.34.H07"
RESULT = "KQ.G15.000038"
PAPER = COMPONENTS[0]["code"]
PHONE, EMAIL, ADDRESS = "+84900000077", "thu@example.test", "Số 7 đường Giả Lập, Bến Tre"
REACHABLE = {**APPLICANT, "phone": PHONE, "email": EMAIL, "address": ADDRESS}


class Province:
    """One hub, one engine, a one-stop, three agencies, and a clock that the test sets."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        today = datetime.now(VIETNAM).date()
        monday = today + timedelta(days=7 - today.weekday())
        begin = datetime.combine(monday, time(8, 0), VIETNAM)
        self.shift = begin - datetime.now(UTC)

    async def open(self, **settings: str) -> None:
        """Everybody joins; the clock stands on a Monday morning; `settings` are those of the engine."""
        await self.move(timedelta())
        self.counter = await self.hub.join("counter-a", ["counter"], [ONE_STOP])
        self.lead = await self.hub.join("agency-a", ["agency"], [AGENCY])
        self.second = await self.hub.join("agency-b", ["agency"], [SECOND])
        self.third = await self.hub.join("agency-c", ["agency"], [THIRD])
        self.upper = await self.hub.join("counter-b", ["counter"], [UPPER])
        self.portal = await self.hub.join("portal-a", ["portal"])
        self.postal = await self.hub.join("postal-a", ["postal"])
        self.population = await self.hub.join("population-a", ["population"])
        await self.hub.start_engine(**settings)

    async def move(self, by: timedelta) -> None:
        """Legal time goes on."""
        self.shift += by
        database = self.hub.database
        await database.execute("insert into clock_step (from_time, shift) values (now(), $1)", self.shift)
        await database.execute("update configuration_version set version = version + 1 where kind = 'clock'")

    @property
    def now(self) -> datetime:
        """Legal time."""
        return datetime.now(UTC) + self.shift

    @property
    def quarter(self) -> str:
        """Of the calendar, as on this day."""
        today = self.now.astimezone(VIETNAM)
        return f"{today.year}-Q{(today.month + 2) // 3}"

    @property
    def quarter_before(self) -> str:
        """The last one that is over."""
        year, number = int(self.quarter[:4]), int(self.quarter[-1])
        return f"{year}-Q{number - 1}" if number > 1 else f"{year - 1}-Q4"

    async def accepted(self, **changes: Any) -> tuple[str, str]:
        """A dossier of its own, and its code."""
        lodged = await did(self.counter, SUBMIT, f"ref:{uuid4()}", submission(applicant=REACHABLE, **changes))
        dossier = lodged["dossier"]
        await self.known(dossier)
        taken = await did(
            self.counter, ACCEPT, dossier, acceptance(components=submission(**changes)["components"])
        )
        return dossier, taken["code"]

    async def known(self, dossier: str) -> None:
        """The population database has confirmed the applicant."""
        await did(self.counter, VERIFY, dossier, verification())
        asked = await self.population.fact("identity.check_requested", dossier)
        await did(self.population, REPORT_IDENTITY, dossier, identity_report(asked.data["check"]))

    async def in_hand(self, **changes: Any) -> tuple[str, str]:
        """The agency has it."""
        dossier, code = await self.accepted(**changes)
        await did(self.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
        await did(self.lead, "dossier.receive", code, {"officer": OFFICER})
        return dossier, code

    async def issued(self, **changes: Any) -> tuple[str, str]:
        """The result is signed."""
        dossier, code = await self.in_hand(**changes)
        await did(self.lead, "result.issue", code, ISSUE)
        return dossier, code


ISSUE = {"papers": [{"code": RESULT, "number": "01/XN"}], "signer": OFFICER}


async def asked(client: Client, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request."""
    wire = kind if kind.startswith("onestop.") else f"onestop.{kind}.v1"
    return (await client.ask(wire, subject, data)).data


async def did(client: Client, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """A request that is accepted."""
    answer = await asked(client, kind, subject, data)
    assert "facts" in answer, (kind, answer)
    return answer


async def did_not(client: Client, kind: str, subject: str, data: dict[str, Any]) -> str:
    """The code of the refusal of a request."""
    answer = await asked(client, kind, subject, data)
    assert "facts" not in answer, (kind, answer)
    return str(answer["code"])


def settlement(quarter: str, **changes: Any) -> dict[str, Any]:
    line = {"kind": "fee", "receipts": 2, "collected": 30_000, "handed_over": 30_000}
    there = {"organisation": ONE_STOP, "agency": AGENCY, "quarter": quarter, "sums": [line]}
    return {**there, "officer": OFFICER, **changes}


async def imports_on_record(hub: Hub) -> bool:
    """Each import is a fact with its officer: one chain for each register, that only operators see."""
    facts = await hub.database.fetch("select type from fact where type = 'onestop.register.changed.v1'")
    if not facts:
        return False
    status, text = await hub_command(hub.environment, "dossier", "timeline", "register/organisations")
    assert (status, text.count("register.changed"), len(facts)) == (0, 1, 1), text
    return True
