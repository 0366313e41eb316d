"""Reports as matters: due once, made, sent to the address of the register, or a task of the operators."""

from __future__ import annotations

from datetime import date

from hub.dossier.decision import Sender
from hub.dossier.matters import takes_part
from hub.engine.decide.routing import matter_receivers
from hub.inbound.directory import Directory
from hub.regulation.organisations import Organisation, Organisations
from hub.regulation.registered import Registers
from schemas.base import Fact
from schemas.report import (
    FileReport,
    PlanReport,
    ReportDue,
    ReportMade,
    ReportMailing,
    ReportSent,
    ReportUnsent,
    SendReport,
    TellReport,
)
from tests.support.dossiers import AGENCY, AGENCY_CODE, COUNTER, HUB, MONDAY, OFFICER, ONE_STOP
from tests.support.matters import MatterStory, settlement

NAMED = {"organisation": ONE_STOP, "report": "channels", "period": "2026-Q3"}
PLAN = PlanReport(
    **NAMED, rule="20.1", kind="work", by="channel", about=ONE_STOP, to=AGENCY_CODE,
    first=date(2026, 7, 1), last=date(2026, 9, 30),
)  # fmt: skip
FILE = FileReport(**NAMED, digest="5f" * 32, size=28_000)
SEND = SendReport(**NAMED, officer=OFFICER, reason="Đã có địa chỉ")
SENT = TellReport(**NAMED, at=MONDAY, proof="250.2.0.0-x")
BOUNCED = TellReport(**NAMED, at=MONDAY, failure="Thư bị trả lại (5.1.1).")
TYPESETTER = Sender("typesetter", frozenset({"typesetter"}), frozenset())
NOTIFIER = Sender("notices", frozenset({"notifier"}), frozenset())
ADDRESS = "van-phong@mau.example"


def registers(email: str | None) -> Registers:
    one = Organisation(
        code=AGENCY_CODE, kind="committee", level="commune", name_vi="Ủy ban nhân dân xã Mẫu",
        in_force_from=date(2020, 1, 1), report_email=email,
    )  # fmt: skip
    return Registers(organisations=Organisations([one]))


def due(email: str | None = ADDRESS) -> MatterStory:
    story = MatterStory(registers=registers(email))
    (fact,) = story.accepts(PLAN, HUB)
    assert isinstance(fact, ReportDue)
    return story


def told(story: MatterStory, fact: Fact) -> tuple[str, ...]:
    stranger = Sender("counter-x", frozenset({"counter"}), frozenset({"000.99.99.H07"}))
    return matter_receivers(story.now, fact, Directory((COUNTER, AGENCY, TYPESETTER, NOTIFIER, stranger)))


def test_a_report_of_a_period_is_due_once_under_the_hubs_own_name() -> None:
    story = due()
    assert story.refuses(PLAN, HUB).code == "report.on_record"
    assert PLAN.matter(MONDAY.date()) == f"reports/{ONE_STOP}/channels/2026-Q3"
    assert {FILE.matter(MONDAY.date()), SENT.matter(MONDAY.date())} == {PLAN.matter(MONDAY.date())}
    assert told(story, story.facts[0][0]) == ("typesetter",)


def test_what_is_made_goes_to_the_address_of_the_register_and_its_reader_may_download_it() -> None:
    story = due()
    made, mailing = story.accepts(FILE, TYPESETTER)
    assert isinstance(made, ReportMade)
    assert isinstance(mailing, ReportMailing)
    assert (mailing.email, mailing.to, mailing.digest) == (ADDRESS, AGENCY_CODE, FILE.digest)
    assert told(story, made) == (COUNTER.name, AGENCY.name)
    assert told(story, mailing) == ("notices",), "nobody else reads the address"
    (sent,) = story.accepts(SENT, NOTIFIER)
    assert isinstance(sent, ReportSent)
    assert story.now.report is not None
    assert story.now.report.stage == "sent"


def test_without_an_address_nothing_is_guessed_and_operators_send_it_when_there_is_one() -> None:
    story = due(None)
    _, unsent = story.accepts(FILE, TYPESETTER)
    assert isinstance(unsent, ReportUnsent)
    assert unsent.cause == "no_address"
    assert story.refuses(SEND, HUB).code == "report.no_address"
    story.registers = registers(ADDRESS)
    (mailing,) = story.accepts(SEND, HUB)
    assert isinstance(mailing, ReportMailing)
    assert (mailing.email, mailing.digest) == (ADDRESS, FILE.digest)


def test_an_email_that_came_back_is_a_task_too_and_goes_again_by_order() -> None:
    story = due()
    story.accepts(FILE, TYPESETTER)
    story.accepts(SENT, NOTIFIER)
    (unsent,) = story.accepts(BOUNCED, NOTIFIER)
    assert isinstance(unsent, ReportUnsent)
    assert (unsent.cause, unsent.failure) == ("failed", BOUNCED.failure)
    assert isinstance(story.accepts(SEND, HUB)[0], ReportMailing)


def test_a_report_that_is_not_there_or_not_made_is_neither_filed_nor_sent() -> None:
    for request, sender in ((FILE, TYPESETTER), (SENT, NOTIFIER), (SEND, HUB)):
        assert MatterStory().refuses(request, sender).code == "report.not_due"
    story = due()
    assert story.refuses(SEND, HUB).code == "report.not_made"
    assert story.refuses(SENT, NOTIFIER).code == "report.not_made"
    assert story.refuses(settlement(), COUNTER).code == "matter.not_possible"


def test_who_makes_and_sends_reports_knows_of_no_other_matter() -> None:
    story = due()
    assert takes_part(story.now, TYPESETTER)
    assert takes_part(story.now, NOTIFIER)
    fees = MatterStory()
    fees.accepts(settlement(), COUNTER)
    assert not takes_part(fees.now, TYPESETTER)
    assert not takes_part(fees.now, NOTIFIER)


def test_who_serves_other_organisations_neither_files_nor_tells_of_a_report() -> None:
    elsewhere = frozenset({"000.99.99.H07"})
    typesetter, notifier = (
        Sender(f"{role}-elsewhere", frozenset({role}), elsewhere) for role in ("typesetter", "notifier")
    )
    story = due()
    assert not takes_part(story.now, typesetter)
    assert story.refuses(FILE, typesetter).code == "security.foreign_organisation"
    story.accepts(FILE, TYPESETTER)
    assert not takes_part(story.now, notifier)
    assert story.refuses(SENT, notifier).code == "security.foreign_organisation"
    own = Sender("notices-own", frozenset({"notifier"}), frozenset({ONE_STOP}))
    assert isinstance(story.accepts(SENT, own)[0], ReportSent)
