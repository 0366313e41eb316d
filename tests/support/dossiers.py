"""Builders of requests and a story that a dossier lives through; every person here is synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hub.dossier.decide import decide
from hub.dossier.decision import Accepted, Context, Decision, Refused, Sender
from hub.dossier.source import SourceDossier
from hub.dossier.state.evolve import evolve
from hub.dossier.state.model import Dossier
from hub.dossier.verification import CopyOutcome
from hub.regulation.clock import VIETNAM
from hub.regulation.law import Law
from hub.regulation.lawbook import load_book
from hub.regulation.registered import NONE, Registers
from schemas.base import Fact, Request
from schemas.case import AssignCase, StepCase
from schemas.dossier import (
    AcceptDossier,
    Component,
    DeclineDossier,
    ForwardDossier,
    Gap,
    PointAnswer,
    ReceiveDossier,
    RequestSupplement,
    SubmitDossier,
    SupplementDossier,
)
from schemas.due import Apologise, FireTimer, Reschedule
from schemas.identity import CheckIdentity, Person, ReportIdentity, VerifyIdentity
from schemas.party import Party, Proxy
from schemas.person_data import PersonDataReceived
from schemas.replanning import ReplanLimits
from schemas.result import IssueResult, ResultPaper, ReturnResult
from tests.support import agency_requests, postal_requests

ONE_STOP = postal_requests.ONE_STOP
OTHER_ONE_STOP = "H07.34.99"
AGENCY_CODE = "H07.20"
DOSSIER_ID = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
CODE = "H07.34.12-261005-0001"

# Cấp Giấy xác nhận tình trạng hôn nhân: 3 working days on all three channels.
PROCEDURE = "1.004873"
# Đăng ký khai tử: three cases with three times.
PROCEDURE_WITH_CASES = "1.000656"
# Đăng ký khai sinh: within the day, after 15:00 the next working day.
PROCEDURE_OF_THE_DAY = "1.001193"
# Gia hạn tạm trú: no post.
PROCEDURE_WITHOUT_POST = "1.002755"

RESULT_CODE = "KQ.G15.000038"

OWNER = Party(
    kind="citizen",
    name="Nguyễn Thị Mẫu",
    identity_number="083190000001",
    phone="+84900000001",
    email="mau@example.test",
    address="Số 1 đường Giả Lập, Bến Tre",
)
FOREIGNER = Party(kind="citizen", name="JANE SAMPLE", travel_document="X0000001")
ENTERPRISE = Party(kind="enterprise", name="Công ty TNHH Mẫu Thử", tax_code="0100233488")
PROXY = Proxy(
    name="Trần Văn Thử", identity_number="083190000002", basis="authorised", deed="UQ-01/2026 ngày 01/10/2026"
)
OFFICER = agency_requests.OFFICER
PERSON = Person(identity_number="083190000001", name="Nguyễn Thị Mẫu", birth_year=1990)
PROXY_PERSON = Person(identity_number="083190000002", name="Trần Văn Thử", birth_year=1985)

PERSONAL_VALUES = (
    "Nguyễn Thị Mẫu", "083190000001", "+84900000001", "mau@example.test", "Số 1 đường Giả Lập, Bến Tre",
    "JANE SAMPLE", "X0000001", "Công ty TNHH Mẫu Thử", "Trần Văn Thử", "083190000002", "Lê Thị Thí Dụ",
    "Phạm Văn Bưu Tá", "canbo.mau",
)  # fmt: skip

COUNTER = Sender("counter-mau", frozenset({"counter"}), frozenset({ONE_STOP}))
OTHER_COUNTER = Sender("counter-khac", frozenset({"counter"}), frozenset({OTHER_ONE_STOP}))
AGENCY = Sender("agency-mau", frozenset({"agency"}), frozenset({AGENCY_CODE}))
OTHER_AGENCY = Sender("agency-khac", frozenset({"agency"}), frozenset({"H07.21"}))
PORTAL = Sender("portal", frozenset({"portal"}), frozenset())
POSTAL = Sender("postal", frozenset({"postal"}), frozenset())
POPULATION = Sender("population", frozenset({"population"}), frozenset())
HUB = Sender("hub", frozenset({"hub"}), frozenset())


@cache
def law() -> Law:
    """The regulation, catalogue and calendar that come with the hub, as in force at the end of 2026."""
    return load_book().in_force(date(2026, 12, 31))


def law_with(**sections: Any) -> Law:
    """The same law with sections of the profile changed: `law_with(due={"late_acts": "refuse"})`."""
    profile = law().profile
    changed = {name: replace(getattr(profile, name), **values) for name, values in sections.items()}
    return replace(law(), profile=replace(profile, **changed))


def at(local: str) -> datetime:
    """A moment by the clock of Viet Nam, as UTC: `at("2026-10-05 09:00")`."""
    return datetime.fromisoformat(local).replace(tzinfo=VIETNAM).astimezone(UTC)


MONDAY = at("2026-10-05 09:00")


@cache
def papers(procedure: str = PROCEDURE, count: int = 2) -> tuple[Component, ...]:
    """The first published components of a procedure, in the published numbers."""
    published = law().catalogue.procedures[procedure].components[:count]
    return tuple(
        Component(code=item.code, originals=item.originals, copies=item.copies) for item in published
    )


def submission(**changes: Any) -> SubmitDossier:
    """A citizen lodges two papers at the counter."""
    values: dict[str, Any] = {
        "procedure": PROCEDURE,
        "organisation": ONE_STOP,
        "agency": AGENCY_CODE,
        "channel": "in_person",
        "return_channel": "in_person",
        "applicant": OWNER,
    }
    if "components" not in changes:
        values["components"] = papers(changes.get("procedure", PROCEDURE))
    return SubmitDossier(**{**values, **changes})


def absent(components: tuple[Component, ...], procedure: str = PROCEDURE) -> tuple[str, ...]:
    """The published papers that are not among these: what an officer confirms as not needed."""
    listed = dict.fromkeys(item.code for item in law().catalogue.procedures[procedure].components)
    return tuple(code for code in listed if code not in {item.code for item in components})


def acceptance(procedure: str = PROCEDURE, **changes: Any) -> AcceptDossier:
    """Complete as it is: the officer confirms that no other published paper is needed."""
    there = changes.setdefault("components", papers(procedure))
    return AcceptDossier(**{"officer": OFFICER, "not_needed": absent(there, procedure), **changes})


def supplement_request(stage: str = "intake", **changes: Any) -> RequestSupplement:
    gaps = (Gap(component=papers()[0].code, reason="Tờ khai chưa có chữ ký"),)
    return RequestSupplement(**{"officer": OFFICER, "stage": stage, "gaps": gaps, **changes})


def supplement(**changes: Any) -> SupplementDossier:
    return SupplementDossier(**{"components": papers(), **changes})


def answer(point: int, words: str = "Đã ghi rõ trong tờ khai") -> PointAnswer:
    """An answer to a point of Form 02."""
    return PointAnswer(point=point, answer=words)


def refusal(**changes: Any) -> DeclineDossier:
    values = {"officer": OFFICER, "reason": "not_eligible", "explanation": "Không đủ điều kiện theo quy định"}
    return DeclineDossier(**{**values, **changes})


def forwarding(to: str = AGENCY_CODE, **changes: Any) -> ForwardDossier:
    return ForwardDossier(officer=OFFICER, to=to, **changes)


def receipt() -> ReceiveDossier:
    return ReceiveDossier(officer=OFFICER)


def assignment() -> AssignCase:
    return AssignCase(assignee=OFFICER)


def case_step() -> StepCase:
    return StepCase(step="Thẩm định")


def issue(*codes: str) -> IssueResult:
    names = codes or (RESULT_CODE,)
    return IssueResult(papers=tuple(ResultPaper(code=code, number="01/XN") for code in names), signer=OFFICER)


def result_return(channel: str = "in_person", codes: tuple[str, ...] = (RESULT_CODE,)) -> ReturnResult:
    values: dict[str, Any] = {"channel": channel, "papers": codes, "received_by": "Nguyễn Thị Mẫu"}
    return ReturnResult(**values)


def apology(new_due_at: datetime) -> Apologise:
    return Apologise(officer=OFFICER, reason="Chờ xác minh", new_due_at=new_due_at)


def rescheduling(new_due_at: datetime) -> Reschedule:
    return Reschedule(officer=OFFICER, new_due_at=new_due_at)


def verification(party: str = "owner", **person: Any) -> VerifyIdentity:
    """The owner, or `PROXY`, is asked about; `person` changes the question."""
    asked = PERSON if party == "owner" else PROXY_PERSON
    values: dict[str, Any] = {"party": party, "officer_account": "canbo.mau"}
    return VerifyIdentity(person=Person(**asked.model_dump(exclude_none=True) | person), **values)


def hand_check(party: str = "owner", number: str = "083190000001", **changes: Any) -> CheckIdentity:
    """The officer sees a paper; by default that of `OWNER`."""
    values: dict[str, Any] = {"party": party, "number": number, "paper": "other", "officer": OFFICER}
    return CheckIdentity(**values | changes)


def seen(story: Story, now: datetime = MONDAY) -> Story:
    """The officer has seen the paper of an applicant whom the population database does not know."""
    party = story.owner
    number = party.tax_code or party.travel_document or party.identity_number or ""
    story.accepts(hand_check(number=number), COUNTER, now)
    return story


def identity_answer(check: str, outcome: str = "matched", **changes: Any) -> ReportIdentity:
    values: dict[str, Any] = {"check": check, "outcome": outcome, "asked_at": MONDAY, **changes}
    return ReportIdentity(**values)


def person_data(asked_at: datetime, usable_until: datetime, **changes: Any) -> PersonDataReceived:
    """Licensed data of the applicant; without any field of them unless `data` is given."""
    return PersonDataReceived(
        check="c-1", asked_at=asked_at, query="q-1", purpose=PROCEDURE,
        usable_until=usable_until, party="owner", **changes,
    )  # fmt: skip


custodian, hand_over = postal_requests.custodian, postal_requests.hand_over
paper_receipt = postal_requests.paper_receipt
appraisal = agency_requests.appraisal
appointment = agency_requests.appointment
verified = agency_requests.verified
question = agency_requests.question
opinion = agency_requests.opinion
reminder = agency_requests.reminder
letter = agency_requests.letter
pickup = postal_requests.pickup
postal_party, postal_report = postal_requests.postal_party, postal_requests.postal_report


def firing(dossier: Dossier, name: str) -> FireTimer:
    return FireTimer(timer=name, kind=dossier.timers[name].kind, due_at=dossier.timers[name].due_at)


@dataclass
class Story:
    """One dossier and what happens to it; `send` decides and, when accepted, lets the facts happen."""

    law: Law = field(default_factory=law)
    dossier: Dossier | None = None
    facts: list[tuple[Fact, datetime, str]] = field(default_factory=list)
    requests: int = 0
    owner: Party = OWNER
    proxy: Proxy | None = None
    copies: Mapping[str, CopyOutcome] = field(default_factory=dict)
    sources: Mapping[str, SourceDossier] = field(default_factory=dict)
    registers: Registers = NONE
    laws: list[Law] = field(default_factory=list)
    """By which each fact was decided."""
    later: Law | None = None
    """To which a new calendar passes over."""
    sent_before: timedelta = timedelta()
    """By how much the sender's own time lies before the hub's receipt."""

    def context(self, sender: Sender, now: datetime) -> Context:
        return Context(
            law=self.law,
            sender=sender,
            now=now,
            event_time=now - self.sent_before,
            dossier_id=DOSSIER_ID,
            request_id=f"request-{self.requests}",
            next_code=lambda: CODE,
            applicant=self.owner,
            copies=self.copies,
            sources=self.sources,
            proxy=self.proxy,
            registers=self.registers,
            notices=getattr(self.facts[0][0], "notices", None) if self.facts else None,
            later=self.later,
            sender_address=getattr(self.facts[0][0], "sender_address", None) if self.facts else None,
        )

    def send(self, request: Request, sender: Sender, now: datetime = MONDAY) -> Decision:
        self.requests += 1
        decision = decide(self.dossier, request, self.context(sender, now))
        if isinstance(decision, Accepted):
            for fact in decision.facts:
                assert type(fact).model_validate_json(fact.model_dump_json()) == fact  # as a reader takes it
                self.dossier = evolve(self.dossier, fact, now, sender.name, self.law)
                self.facts.append((fact, now, sender.name))
                self.laws.append(self.law)
            if self.later is not None and isinstance(request, ReplanLimits):
                self.law = self.later
        return decision

    def accepts(self, request: Request, sender: Sender, now: datetime = MONDAY) -> tuple[Fact, ...]:
        """Send a request that must be accepted; gives its facts."""
        decision = self.send(request, sender, now)
        assert isinstance(decision, Accepted), decision
        return decision.facts

    def refuses(self, request: Request, sender: Sender, now: datetime = MONDAY) -> Refused:
        """Send a request that must be refused and must leave the dossier alone; gives the refusal."""
        before = self.dossier
        decision = self.send(request, sender, now)
        assert isinstance(decision, Refused), decision
        assert self.dossier is before
        return decision

    @property
    def now(self) -> Dossier:
        """The dossier as it stands."""
        assert self.dossier is not None
        return self.dossier


def submitted(now: datetime = MONDAY, sender: Sender = COUNTER, **changes: Any) -> Story:
    """A story whose dossier is lodged."""
    story = Story(owner=changes.get("applicant", OWNER), proxy=changes.get("proxy"))
    story.accepts(submission(**changes), sender, now)
    return story


def lodged(dossier: Dossier) -> tuple[Component, ...]:
    """The components of a dossier as a request names them."""
    return tuple(
        Component(
            code=item.code,
            originals=item.originals,
            copies=item.copies,
            electronic=item.electronic,
            digitised=item.is_digitised,
        )
        for item in dossier.components
    )


def identified(now: datetime = MONDAY, **changes: Any) -> Story:
    """Lodged, and the population database knows the applicant."""
    story = submitted(now, **changes)
    story.accepts(verification(), COUNTER, now)
    check = story.now.owner.check
    assert check is not None
    story.accepts(identity_answer(check), POPULATION, now)
    return story


def accepted(now: datetime = MONDAY, **changes: Any) -> Story:
    """Accepted with code and due time."""
    story = identified(now, **changes)
    story.accepts(acceptance(story.now.procedure, components=lodged(story.now)), COUNTER, now)
    return story


def forwarded(now: datetime = MONDAY, **changes: Any) -> Story:
    story = accepted(now, **changes)
    story.accepts(forwarding(), COUNTER, now)
    hand_on(story, now)
    return story


def hand_on(story: Story, now: datetime = MONDAY) -> None:
    """The papers that the one-stop holds go to the agency, which confirms them."""
    held = [paper for paper, holder in story.now.custody.items() if holder == ONE_STOP]
    if held and story.now.agency != ONE_STOP:
        story.accepts(hand_over(ONE_STOP, AGENCY_CODE, *held), COUNTER, now)
        story.accepts(paper_receipt(ONE_STOP, AGENCY_CODE, *held), AGENCY, now)


def in_process(now: datetime = MONDAY, **changes: Any) -> Story:
    """Received by the agency and assigned."""
    story = forwarded(now, **changes)
    story.accepts(receipt(), AGENCY, now)
    story.accepts(assignment(), AGENCY, now)
    return story


def issued(now: datetime = MONDAY, **changes: Any) -> Story:
    """The result is signed and on its way to the one-stop."""
    story = in_process(now, **changes)
    listed = law().catalogue.procedures[story.now.procedure].results
    story.accepts(issue(*(one.code for one in listed)), AGENCY, now)
    return story


MakeStory = Callable[[], Story]
