"""One dossier of the week: what its counter, its agency and the post do with it, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from examples.demo.desk import Desk, Json
from examples.demo.members import ONE_STOPS, OVER_HTTPS
from examples.demo.people import Citizen
from examples.demo.procedures import POLICE, Procedure
from examples.demo.settings_of import OFFICER
from examples.demo.signing_desk import SigningDesk
from examples.demo.stand_ins import StandIns
from examples.demo.week import TIMES

ANSWERS = ("identity.matched", "identity.mismatched", "identity.unavailable")
AGENCY_OFFICER = {"account": "chuyen-vien-gia", "name": "Chuyên Viên Giả Định"}
HEAD = {"account": "lanh-dao-gia", "name": "Lãnh Đạo Giả Định"}
POSTMAN = {"kind": "post", "name": "Bưu Tá Giả Định"}


class SurpriseError(Exception):
    """The hub answered otherwise than the law says."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about a dossier before the week begins."""

    number: int
    story: str
    counter: str
    procedure: Procedure
    citizen: Citizen
    day: int
    clock: str
    channel: str
    return_channel: str


class Times(Protocol):
    """What time it is, and how one waits for a later one: the simulated week, or real time."""

    @property
    def now(self) -> datetime:
        """Now, in the time of Viet Nam."""

    @property
    def first_day(self) -> date:
        """The day from which days are counted."""

    async def until(self, day: int, clock: str) -> None:
        """Wait for a time."""


@dataclass(slots=True)
class World:
    """What every story works with; `signing` is None where no story signs."""

    week: Times
    desks: Mapping[str, Desk]
    stand_ins: StandIns
    signing: SigningDesk | None
    say: Callable[[str], None]


class Case:
    """Does one thing after the other; raises SurpriseError when an answer is not the expected one."""

    def __init__(self, plan: Plan, world: World) -> None:
        self.plan = plan
        self.week = world.week
        self.stand_ins = world.stand_ins
        self._signing = world.signing
        self.counter = world.desks[plan.counter]
        is_over_https = plan.procedure.agency == POLICE
        self.agency = world.desks[OVER_HTTPS if is_over_https else "agency"]
        self.other_agency = world.desks["agency" if is_over_https else OVER_HTTPS]
        self.one_stop = ONE_STOPS[plan.counter]
        self.dossier = ""
        self.code = ""
        self.end = "open"
        self.is_brought_by_post = False
        """Whether the post gave its papers to the one-stop."""
        self.is_scanned = False
        """Whether its papers have to have signed copies."""
        self.counted_from = plan.day
        """The day from which handling time is counted."""
        self._checks = 0
        self._references = 0

    @property
    def signing(self) -> SigningDesk:
        """Scanners and signing desks of the offices."""
        assert self._signing is not None
        return self._signing

    # Time

    async def later(self, days: int = 0, clock: str | None = None) -> None:
        """Wait for a time of the week, counted in days after the one on which the dossier was lodged."""
        await self.week.until(self.plan.day + days, clock or self.plan.clock)

    @property
    def today(self) -> int:
        """The day of the week, 0 for Monday."""
        return (self.week.now.date() - self.week.first_day).days

    async def next_time(self) -> None:
        """Wait for the next time at which people work."""
        day = self.today
        now = self.week.now.strftime("%H:%M")
        following = [clock for clock in TIMES if clock > now]
        await self.week.until(day, following[0]) if following else await self.week.until(day + 1, TIMES[0])

    # Requests

    async def do(self, desk: Desk, kind: str, data: Json, subject: str | None = None) -> Json:
        """Enter a request that the hub must accept."""
        receipt = await desk.ask(kind, subject or self.subject, data)
        if "code" in receipt and "facts" not in receipt:
            raise SurpriseError(
                f"{self.name}: {kind} was refused: {receipt['code']} {receipt.get('fields', '')}"
            )
        return receipt

    async def must_not(
        self, desk: Desk, kind: str, data: Json, code: str, subject: str | None = None
    ) -> None:
        """Enter a request that the hub must refuse with this code."""
        receipt = await desk.ask(kind, subject or self.subject, data)
        if receipt.get("code") != code or "facts" in receipt:
            raise SurpriseError(
                f"{self.name}: {kind} should be refused with {code}, got {receipt.get('code')}"
            )

    @property
    def subject(self) -> str:
        """How requests name the dossier: its code once it has one."""
        return self.code or self.dossier

    @property
    def name_at_agency(self) -> str:
        """How the messages of the agency's program name the dossier: over HTTPS by its code."""
        return self.code if self.agency.name == OVER_HTTPS else self.dossier

    @property
    def name(self) -> str:
        """The dossier in messages to whoever watches."""
        return f"dossier {self.plan.number} ({self.plan.story})"

    # Intake

    def submission(self, **changes: Any) -> Json:
        """What the applicant lodges."""
        plan = self.plan
        return {
            "procedure": plan.procedure.code,
            "organisation": self.one_stop,
            "agency": plan.procedure.agency,
            "channel": plan.channel,
            "return_channel": plan.return_channel,
            "applicant": plan.citizen.party(),
            "components": self.components,
            **({"notices": wish} if (wish := plan.citizen.wish()) is not None else {}),
            **changes,
        }

    @property
    def components(self) -> list[Json]:
        """The papers as lodged: on paper unless online."""
        is_online = self.plan.channel == "online"
        return self.plan.procedure.components(electronic=is_online, digitised=self.is_scanned)

    def reference(self) -> str:
        """A new reference of the counter's own."""
        self._references += 1
        return f"ref:{self.plan.counter}-{self.plan.number:04}-{self._references}"

    async def submit(self, **changes: Any) -> Json:
        """The dossier is lodged."""
        receipt = await self.do(self.counter, "dossier.submit", self.submission(**changes), self.reference())
        self.dossier = receipt["dossier"]
        return receipt

    async def check_identity(
        self, person: Json | None = None, officer: Json | None = None, expect: str = "matched"
    ) -> None:
        """The population database is asked; which of its three answers must come."""
        data = {
            "person": person or self.plan.citizen.person(),
            "officer_account": (officer or OFFICER)["account"],
        }
        await self.do(self.counter, "identity.verify", data)
        self._checks += 1
        answer = await self.counter.sees_one_of(ANSWERS, self.dossier, self._checks)
        if answer != f"identity.{expect}":
            raise SurpriseError(f"{self.name}: the population database said {answer}, not {expect}")

    async def check_by_hand(self, paper: str, number: str) -> None:
        """The officer sees a paper of the applicant."""
        data = {"paper": paper, "number": number, "officer": OFFICER}
        await self.do(self.counter, "identity.check", data)

    def acceptance(self) -> Json:
        """Form 01 as the officer fills it in."""
        not_needed = self.plan.procedure.not_needed
        return {"officer": OFFICER, "components": self.components, "not_needed": not_needed}

    async def accept(self) -> None:
        """The dossier gets its code and its due time."""
        self.code = (await self.do(self.counter, "dossier.accept", self.acceptance()))["code"]
        self.counted_from = self.today

    async def forward(self, *, with_papers: bool = True, legs: Sequence[Json] = ()) -> None:
        """The dossier goes to its agency, whose system takes it in and assigns it; its papers go by hand."""
        parts = {"legs": list(legs)} if legs else {}
        to = self.plan.procedure.agency
        await self.do(self.counter, "dossier.forward", {"officer": OFFICER, "to": to, **parts})
        await self.counter.sees("case.assigned", self.dossier)
        if with_papers and self.plan.channel != "online":
            await self.hand_on()

    def slip(self, giver: Json, receiver: Json) -> Json:
        """Who gives whom the applicant's papers, as on the control slip (12.2)."""
        papers = list(self.plan.procedure.papers)
        return {
            "giver": giver,
            "receiver": receiver,
            "papers": papers,
            "slip": f"PKS-{self.plan.number:04}",
        }

    @property
    def hands(self) -> tuple[Json, Json]:
        """The one-stop and the agency as those who hold papers."""
        one_stop = {"kind": "organisation", "organisation": self.one_stop, "name": OFFICER["name"]}
        agency = {"organisation": self.plan.procedure.agency, "name": AGENCY_OFFICER["name"]}
        return one_stop, {"kind": "organisation", **agency}

    async def hand_on(self) -> None:
        """The papers go to the agency by the 15:00 rule (16.2); those that the post brought come in first."""
        one_stop, agency = self.hands
        if self.is_brought_by_post:
            await self.do(self.counter, "paper.receive", self.slip(POSTMAN, one_stop))
        elif self.plan.channel == "post":
            brought = self.slip({"kind": "applicant", "name": self.plan.citizen.name}, one_stop)
            await self.do(self.counter, "paper.hand_over", brought)
            await self.do(self.counter, "paper.receive", brought)
        slip = self.slip(one_stop, agency)
        await self.do(self.counter, "paper.hand_over", slip)
        await self.do(self.agency, "paper.receive", slip)

    async def bring_result(self) -> None:
        """The papers of the result come to the one-stop, which confirms them."""
        one_stop, agency = self.hands
        slip = {**self.slip(agency, one_stop), "papers": [self.plan.procedure.result]}
        await self.do(self.agency, "paper.hand_over", slip)
        await self.do(self.counter, "paper.receive", slip)

    async def take_back_result(self) -> None:
        """The one-stop has the result that the post could not deliver."""
        one_stop, _ = self.hands
        slip = {**self.slip(POSTMAN, one_stop), "papers": [self.plan.procedure.result]}
        await self.do(self.counter, "paper.receive", slip)

    async def take_in(self, **changes: Any) -> None:
        """Lodged, checked, accepted, forwarded."""
        await self.submit(**changes)
        await self.check_identity()
        await self.accept()
        await self.forward()

    # Handling and return

    def gaps(self) -> list[Json]:
        """What Form 02 asks for."""
        return [{"component": self.components[0]["code"], "reason": "Tờ khai chưa có chữ ký của người nộp"}]

    async def ask_for_supplement(self, stage: str) -> None:
        """Form 02, by the one-stop at intake or by the agency at appraisal."""
        if stage == "appraisal":
            await self.appraise("to_supplement")
        desk = self.counter if stage == "intake" else self.agency
        officer = OFFICER if stage == "intake" else AGENCY_OFFICER
        await self.do(
            desk, "dossier.request_supplement", {"officer": officer, "stage": stage, "gaps": self.gaps()}
        )

    async def supplement(self) -> None:
        """The applicant brings what was asked for."""
        await self.do(self.counter, "dossier.supplement", {"components": self.components})
        self.counted_from = self.today

    async def work(self, step: str = "Thẩm định hồ sơ") -> None:
        """One step of the agency's own process, and what it found."""
        await self.do(self.agency, "case.step", {"step": step})
        await self.appraise()

    async def appraise(self, outcome: str = "eligible") -> None:
        """The agency's officer appraises the dossier (17.2)."""
        found = {} if outcome == "eligible" else {"findings": "Tờ khai chưa có chữ ký của người nộp"}
        await self.do(self.agency, "case.appraise", {"officer": AGENCY_OFFICER, "outcome": outcome, **found})

    def result(self) -> Json:
        """The signed result."""
        number = f"{self.plan.number:04}/GIA-DINH"
        return {
            "papers": [{"code": self.plan.procedure.result, "number": number}],
            "left_out": self.plan.procedure.left_out(),
            "signer": HEAD,
        }

    async def issue(self, result: Json | None = None) -> None:
        """The result is signed and on its way to the one-stop."""
        await self.do(self.agency, "result.issue", result or self.result())
        await self.counter.sees("result.issued", self.dossier)

    async def correct(self) -> None:
        """The result was wrong: the agency replaces it, at its own cost (21.1)."""
        code, number = self.plan.procedure.result, f"{self.plan.number:04}/GIA-DINH"
        new = {"code": code, "number": f"{number}-DC"}
        paper = {"code": code, "number": number, "kind": "replaced", "new": new}
        data = {"papers": [paper], "fault": "agency", "reason": "Ghi sai ngày cấp", "signer": HEAD}
        await self.do(self.agency, "result.correct", data)
        await self.counter.sees("result.corrected", self.dossier)

    def returning(self, channel: str) -> Json:
        """The result in the applicant's hands."""
        papers = [self.plan.procedure.result]
        return {"channel": channel, "papers": papers, "received_by": self.plan.citizen.name}

    async def give_back(self, channel: str | None = None) -> None:
        """The applicant has the whole result."""
        await self.do(self.counter, "result.return", self.returning(channel or self.plan.return_channel))
        self.end = "returned"

    async def handle_in_time(self) -> None:
        """The agency works, issues a day before the due time (or on the day), and the one-stop returns."""
        if self.plan.procedure.days == 1:
            await self.next_time()
        else:
            await self.week.until(self.counted_from + self.plan.procedure.days - 1, "10:00")
        await self.work()
        await self.issue()
        await self.next_time()
        await self.give_back()
