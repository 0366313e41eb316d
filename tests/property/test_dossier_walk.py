"""Any sequence of requests: never an exception, never a gap, and the facts alone rebuild the state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.dossier.decision import Accepted, Refused, Sender
from hub.dossier.rules.late import running_due, seconds_late
from hub.dossier.rules.rulebook import RULES
from hub.dossier.standing import ALLOWED, possible_now
from hub.dossier.state.codec import from_json, to_json
from hub.dossier.state.evolve import evolve
from hub.dossier.state.model import Dossier
from hub.dossier.texts import refusal_texts
from hub.dossier.verification import SignedBy, VerifiedCopy, VerifiedFile
from hub.regulation.law import Law
from hub.regulation.lawbook import load_book
from schemas.account import AccountSystem
from schemas.base import Request
from schemas.copy import RegisterCopy
from schemas.dossier import Component, ForwardDossier, Gap, SubmitDossier, WithdrawDossier
from schemas.due import DeadlineNear
from schemas.pickup import CancelPickup
from schemas.replanning import ReplanLimits
from schemas.sync import ReportSync
from tests.support import dossiers as build
from tests.support import reuse, words
from tests.support.agency_requests import finishing, leg, passing
from tests.support.dossiers import AGENCY, COUNTER, HUB, MONDAY, POPULATION, PORTAL, POSTAL, Story, law
from tests.support.ending import archiving, correction, giving_back, original
from tests.support.lawbooks import with_calendar
from tests.support.limits import warning_of
from tests.support.loss import loss, outcome, settlement
from tools.consequences import consequences

SENDERS = (COUNTER, AGENCY, PORTAL, POSTAL, POPULATION, HUB, build.OTHER_COUNTER, build.OTHER_AGENCY)
KNOWN_RULES = {rule.id for rule in RULES}
ENDED = {"result_issued", "declined", "withdrawn", "returned"}
CLOCKS = {"intake", "forward", "forward_electronic", "apology", "due", "appointment", "supplement_notice"}
REPORTS = {"onestop.identity.report.v1", "onestop.person_data.report.v1", "onestop.pickup.report.v1",
           "onestop.adapter.sync_report.v1", "onestop.notice.report.v1", "onestop.timer.fire.v1",
           "onestop.calendar.replan.v1",
           "onestop.dossier.submit.v1"}  # fmt: skip

PACKAGE = "1" * 64
SCANNED = build.papers()[0].model_copy(update={"digitised": True})
"""A paper that has to have a signed copy before the dossier is forwarded."""
COPY = VerifiedCopy(
    purpose="copy",
    dossier=build.DOSSIER_ID,
    component=SCANNED.code,
    manifest="a" * 64,
    files=(VerifiedFile("f" * 64, 2000, "application/pdf", 3),),
    officer=SignedBy(
        build.ONE_STOP, "canbo.mau", MONDAY, MONDAY - timedelta(minutes=5), MONDAY + timedelta(days=30)
    ),
)
OF_NO_RULE = {"state.conflict", "state.full", "security.foreign_organisation", "unknown_dossier"}
"""Refusals that say how a dossier stands or who may act at all."""

SUBMISSIONS = (
    build.submission(),
    build.submission(components=(SCANNED, build.papers()[1])),
    build.submission(channel="online", return_channel="online"),
    build.submission(channel="post", return_channel="post", proxy=build.PROXY),
    build.submission(applicant=build.ENTERPRISE, procedure=build.PROCEDURE_OF_THE_DAY),
    build.submission(applicant=build.FOREIGNER, procedure=build.PROCEDURE_WITH_CASES),
    build.submission(channel="email"),
)


def candidates(story: Story, variant: int) -> Iterator[tuple[Request, Sender]]:
    """Requests that somebody might send now, sensible and not; most with the sender whose part it is."""
    dossier = story.dossier
    if dossier is None:
        yield SUBMISSIONS[variant % len(SUBMISSIONS)], PORTAL
        return
    yield from _one_stop(dossier, variant)
    yield from _agency(dossier, variant)
    yield from _papers(dossier, variant)
    yield from _post(dossier, variant)
    yield from _reuse(dossier, variant)
    yield from _words(dossier, variant)
    for check in (dossier.owner.check, dossier.proxy.check, "a" * 32):
        if check is not None:
            outcome = ("matched", "matched", "mismatched", "unavailable")[variant % 4]
            yield build.identity_answer(check, outcome), POPULATION
    for name, timer in dossier.timers.items():
        yield build.firing(dossier, name), HUB
        if timer.near_at is not None:
            yield warning_of(dossier, name), HUB
    yield ReplanLimits(calendar="vn-2026.2", officer=build.OFFICER, reason="Nghỉ bù"), HUB


def _one_stop(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    chosen = build.lodged(dossier)
    case = "1.000656.01" if dossier.procedure == build.PROCEDURE_WITH_CASES and variant % 3 else None
    foreign = (*chosen, Component(code="KQ.G99.999999", originals=1))
    there = foreign if variant % 7 == 0 else chosen
    absent = tuple(code for code in build.absent(there, dossier.procedure) if code not in dossier.reused)
    confirmed = absent[1:] if variant % 11 == 0 else absent
    yield build.acceptance(components=there, case=case, not_needed=confirmed), COUNTER
    number = ("083190000001", "0100233488", "X0000001", "083190000002")[variant % 4]
    yield build.hand_check("proxy" if number.endswith("2") else "owner", number), COUNTER
    yield build.verification("proxy" if variant % 3 == 0 else "owner"), COUNTER
    yield build.supplement_request("intake", gaps=(Gap(reason="Thiếu chữ ký"),)), COUNTER
    answers = tuple(build.answer(number) for number, _ in dossier.open_points[: variant % 3])
    yield build.supplement(components=chosen[variant % 2 :], answers=answers), PORTAL
    yield build.supplement(components=chosen[:1], answers=answers, taken_by=build.OFFICER), COUNTER
    scans = ("f" * 64,)
    yield RegisterCopy(component=SCANNED.code, package=PACKAGE, files=scans, officer=build.OFFICER), COUNTER
    yield build.forwarding("H07.21" if variant % 5 == 0 else build.AGENCY_CODE), COUNTER
    parts = tuple(
        leg(f"PV-{number}", ("H07.21", build.AGENCY_CODE)[number % 2]) for number in range(variant % 4)
    )
    yield build.forwarding(one_stop=(None, build.OTHER_ONE_STOP)[variant % 2], legs=parts), COUNTER
    named = None if variant % 2 else build.letter()
    for timer in ("due", *(f"opinion:{name}" for name in dossier.opinions), *dossier.asked_timers):
        yield build.reminder(timer, letter=named), COUNTER
    if dossier.apology_due_at is not None:
        yield build.rescheduling(dossier.apology_due_at + timedelta(hours=variant % 2)), COUNTER
    if variant % 10 == 0:
        reason = ("not_entitled", "not_eligible", "gaps_left")[variant // 10 % 3]
        yield build.refusal(reason=reason), COUNTER
        yield WithdrawDossier(), PORTAL
    yield build.issue("KQ.1"), COUNTER
    codes = dossier.result_papers or ("KQ.1",)
    yield build.result_return(("in_person", "post", "online", "email")[variant % 4], codes), COUNTER


def _agency(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    yield build.receipt(), AGENCY
    yield build.assignment(), AGENCY
    yield build.case_step(), AGENCY
    outcomes = ("eligible", "eligible", "to_supplement", "not_eligible")
    yield build.appraisal(outcomes[variant % 4]), AGENCY
    if variant % 5 == 0:
        begin = dossier.accepted_at or MONDAY
        yield build.appointment(begin + timedelta(days=variant), f"XM-{variant}"), AGENCY
    if variant % 4 == 0:
        yield build.question(f"YK-{variant}", ("H07.21", build.AGENCY_CODE)[variant % 8 // 4]), AGENCY
    for name, one in dossier.opinions.items():
        yield build.opinion(name), build.OTHER_AGENCY
        yield build.opinion(name, letter=None if one.is_given else "12/CV ngày 06/10/2026"), AGENCY
    for name, part in dossier.legs.items():
        yield passing(name), (AGENCY, build.OTHER_AGENCY)[variant % 2]
        done = "done" if variant % 3 else "not_done"
        yield finishing(name, outcome=done), AGENCY if part.of == build.AGENCY_CODE else build.OTHER_AGENCY
    for name in (*dossier.verifications, "XM-9"):
        yield build.verified(dossier.accepted_at or MONDAY, name), AGENCY
    yield build.supplement_request("appraisal", gaps=(Gap(reason="Chưa rõ"),)), AGENCY
    yield build.apology((dossier.due_at or MONDAY) + timedelta(days=variant - 1)), AGENCY
    listed = [one.code for one in law().catalogue.procedures[dossier.procedure].results]
    yield build.issue(*(listed if variant % 4 else ("KQ.1", "KQ.2")[: 1 + variant % 2])), AGENCY
    if variant % 10 == 1:
        yield build.refusal(), AGENCY


def _papers(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    receiver, speaker = ((build.AGENCY_CODE, AGENCY), ("post", POSTAL), (build.ONE_STOP, COUNTER))[
        variant % 3
    ]
    for paper, holder in dossier.custody.items():
        giver = {build.AGENCY_CODE: AGENCY, "post": POSTAL, build.ONE_STOP: COUNTER}.get(holder, speaker)
        yield build.hand_over(holder, receiver, paper), giver
    held = tuple(paper for paper, holder in dossier.custody.items() if holder != "applicant")
    kind = ("lost", "mislaid", "damaged")[variant % 3]
    if variant % 4 == 0:
        yield loss(*(held[:1] or ("KQ.X",)), kind=kind), COUNTER
        yield loss(*(held or ("KQ.X",)), kind=kind), AGENCY
    if variant % 3 == 0:
        component = build.papers()[0].code
        sector = {"return_by": MONDAY + timedelta(days=variant), "sector_law": "Luật chuyên ngành"}
        for office, who in ((build.ONE_STOP, COUNTER), (build.AGENCY_CODE, AGENCY)):
            yield original(component, office, **(sector if variant % 2 else {})), who
    for name in dossier.open_originals:
        yield giving_back(name), {build.AGENCY_CODE: AGENCY}.get(dossier.custody[name], COUNTER)
    if variant % 5 == 0:
        yield correction(dossier.result_papers or ("KQ.X",), ("annulled", "replaced")[variant % 2]), AGENCY
    if variant % 8 == 0:
        yield archiving(), AGENCY
    for name, one in dossier.losses.items():
        what = ("found", "reissued", "repaired", "not_restored")[variant % 4]
        outcomes = [outcome(paper, what, None if variant % 5 == 0 else receiver) for paper in one.papers]
        yield settlement(*outcomes, loss=name, responsible=one.holder), COUNTER
    for transfer in dossier.hand_overs:
        confirm = build.paper_receipt(transfer.giver, transfer.receiver, *transfer.papers)
        yield confirm, {build.AGENCY_CODE: AGENCY, "post": POSTAL}.get(transfer.receiver, COUNTER)


def _words(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    """What people say of the dossier and to each other."""
    if variant % 4:
        return
    side = ("one_stop", "agency", "post")[variant // 4 % 3]
    yield words.rating(side, score=variant % 7 + 1), COUNTER
    order = next(iter(dossier.pickups), "X__C1")
    about: dict[str, Any] = {"about": "post", "order": order} if variant % 8 else {}
    yield words.complaint(**about), PORTAL
    for name in dossier.complaints:
        yield words.forwarding(name, "post" if variant % 8 else build.AGENCY_CODE), COUNTER
        yield words.answer(name), (COUNTER, AGENCY)[variant // 4 % 2]
    yield words.question(build.AGENCY_CODE), COUNTER
    yield words.question(build.ONE_STOP), AGENCY
    for name, one in dossier.questions.items():
        yield words.reply(name), COUNTER if one.to == build.ONE_STOP else AGENCY
    for purpose in ("intake", "reschedule", "early_return"):
        yield words.notice(purpose, "social" if variant % 8 else "sms"), COUNTER


def _reuse(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    codes = [item.code for item in law().catalogue.procedures[dossier.procedure].components]
    component = codes[variant % len(codes)]
    for check in (dossier.owner.check or "b" * 32, *dossier.shared_data):
        yield reuse.looked_up(check, MONDAY + timedelta(days=variant % 3)), POPULATION
        yield reuse.reuse(component, check=check), COUNTER
    yield reuse.reuse(component, dossier=(reuse.OTHER_CODE, build.CODE)[variant % 2]), COUNTER
    system: AccountSystem = ("national_portal", "provincial_system")[variant % 2]
    yield reuse.account(system=system), COUNTER
    yield reuse.mismatch(component), COUNTER
    again = Gap(component=component, reason="Nộp lại", purpose=(None, "verify")[variant % 2])
    yield build.supplement_request("intake", gaps=(again,)), COUNTER


def _post(dossier: Dossier, variant: int) -> Iterator[tuple[Request, Sender]]:
    direction = ("collect", "deliver", "between")[variant % 3]
    papers = tuple(sorted(paper for paper, holder in dossier.custody.items() if holder != "post"))
    yield build.pickup(direction), COUNTER
    yield build.pickup(direction, papers=papers[variant % 2 :][:3]), COUNTER
    statuses = ("registered", "collected", "in_transit", "delivery_failed", "delivery_failed", "handed_over",
                "delivered", "returned", "lost", "damaged", "unknown", "cod_collected")  # fmt: skip
    for order in dossier.pickups:
        moment = MONDAY + timedelta(hours=variant)
        yield build.postal_report(order, statuses[variant % len(statuses)], moment), POSTAL
        yield CancelPickup(order=order), COUNTER
    yield ReportSync(message="m", outcome="unknown", at=MONDAY), PORTAL


def pick(story: Story, choice: int, variant: int, is_sensible: bool) -> tuple[Request, Sender]:
    offered = list(candidates(story, variant))
    if is_sensible and story.dossier is not None:
        status = story.dossier.status
        offered = [item for item in offered if status in ALLOWED[type(item[0])]] or offered
    request, sender = offered[choice % len(offered)]
    return (request, sender) if is_sensible else (request, SENDERS[choice % len(SENDERS)])


def check_answer(before: Dossier | None, request: Request, decision: Any, story: Story) -> None:
    sequence = before.sequence if before else 0
    if isinstance(decision, Refused):
        refusal_texts(decision.code)
        assert all(path.startswith("/") for path in decision.fields)
        assert decision.rule in KNOWN_RULES or decision.code in OF_NO_RULE, decision
        assert story.dossier is before
        return
    assert isinstance(decision, Accepted)
    assert decision.facts
    assert set(decision.rules) <= KNOWN_RULES
    published = consequences(type(request))
    assert set(decision.rules) <= set(published.rules), request.type
    assert {fact.type for fact in decision.facts} <= set(published.facts), request.type
    assert story.now.sequence == sequence + len(decision.facts)
    if before is not None and request.type not in REPORTS:
        assert request.type in possible_now(before, story.law.profile)


def check_promises(before: Dossier, request: Request, story: Story, now: datetime) -> None:
    """What an accepted request never does: forward without signatures, ask twice, take a delay back."""
    after, most = story.now, story.law.profile.supplement
    if isinstance(request, ForwardDossier):
        wanted = [item.code for item in before.components if item.is_digitised and item.is_paper]
        assert set(wanted) - set(before.reused) <= before.digitised.keys()
    assert after.supplements_intake <= most.max_intake
    assert after.supplements_appraisal <= most.max_appraisal
    if after.status not in ENDED and not isinstance(request, ReplanLimits):
        assert delay(after, now) >= delay(before, now), request.type


def check_replay(story: Story) -> None:
    """The facts alone rebuild the state; a limit is told of once, and again only when it is set anew."""
    told: dict[str, datetime] = {}
    replayed: Dossier | None = None
    for (fact, moment, sender_name), decided_by in zip(story.facts, story.laws, strict=True):
        if isinstance(fact, DeadlineNear) and fact.kind != "apology":
            near_at = replayed.timers[fact.timer].near_at if replayed else None
            assert near_at is not None
            assert told.get(fact.timer, MONDAY) < near_at <= min(moment, fact.due_at)
            told[fact.timer] = near_at
        replayed = evolve(replayed, fact, moment, sender_name, decided_by)
    assert replayed == story.dossier


def delay(dossier: Dossier, now: datetime) -> int:
    """Seconds by which it is late: of before the clock started anew, and of now."""
    due = running_due(dossier)
    return dossier.overdue_s + (seconds_late(now, due) if due is not None else 0)


def check_state(dossier: Dossier) -> None:
    stored = to_json(dossier)
    assert from_json(stored) == dossier
    text = stored.decode()
    assert not [value for value in build.PERSONAL_VALUES if value in text]
    if dossier.status in ENDED:
        assert not CLOCKS & dossier.timers.keys()
        assert not dossier.asked_timers
    check_custody(dossier)
    assert (dossier.code is None) == (dossier.accepted_at is None) == (dossier.due_at is None)


def check_custody(dossier: Dossier) -> None:
    """Each paper has one holder; who has set it out still is, and to one receiver alone."""
    papers = {*dossier.paper_codes} | {code for code in dossier.result_papers if code in dossier.custody}
    assert papers <= dossier.custody.keys()
    assert all(dossier.custody.values())
    set_out = [paper for hand_over in dossier.hand_overs for paper in hand_over.papers]
    assert len(set_out) == len(set(set_out))
    for hand_over in dossier.hand_overs:
        assert hand_over.giver != hand_over.receiver
        assert {dossier.custody[paper] for paper in hand_over.papers} == {hand_over.giver}


STEPS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 300), st.integers(0, 9)),
    min_size=25,
    max_size=40,
)


LATER = with_calendar(law(), "vn-2026.2", {date(2026, 10, day): "Nghỉ" for day in (6, 9, 14, 20)})
LAWS = (law(), load_book("nd118-2025").in_force(date(2026, 12, 31)))


def scanned(**_: Any) -> Story:
    """Accepted with a paper that has to have a signed copy, which it has not yet."""
    return build.accepted(components=(SCANNED, build.papers()[1]))


STARTS = (
    build.submitted,
    build.identified,
    build.accepted,
    scanned,
    build.forwarded,
    build.in_process,
    build.issued,
)
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"return_channel": "post", "proxy": build.PROXY},
    {"channel": "online", "return_channel": "online"},
    {"channel": "post", "procedure": build.PROCEDURE_OF_THE_DAY},
)


def walk(story: Story, steps: list[tuple[int, int, int, int]], begin: datetime = MONDAY) -> None:
    now = begin
    reuse.beside(story)
    story.copies = {**story.copies, PACKAGE: COPY}
    story.later = replace(story.law, calendar=LATER.calendar)
    for choice, variant, minutes, mode in steps:
        now += timedelta(minutes=minutes)
        before = story.dossier
        request, sender = pick(story, choice, variant, mode < 9)
        decision = story.send(request, sender, now)
        check_answer(before, request, decision, story)
        if before is not None and isinstance(decision, Accepted):
            check_promises(before, request, story, now)
        if story.dossier is not None:
            check_state(story.dossier)
    check_replay(story)


@settings(max_examples=60, deadline=None)
@given(first=st.sampled_from(SUBMISSIONS), regulation=st.sampled_from(LAWS), steps=STEPS)
def test_any_sequence_of_requests_from_the_submission_on_keeps_the_promises(
    first: SubmitDossier, regulation: Law, steps: list[tuple[int, int, int, int]]
) -> None:
    story = Story(law=regulation)
    story.send(first, PORTAL, MONDAY)
    walk(story, steps)


@settings(max_examples=150, deadline=None)
@given(start=st.sampled_from(STARTS), kind=st.sampled_from(KINDS), days=st.sampled_from((0, 4)), steps=STEPS)
def test_any_sequence_of_requests_from_any_stage_on_keeps_the_promises(
    start: Callable[..., Story], kind: dict[str, Any], days: int, steps: list[tuple[int, int, int, int]]
) -> None:
    """After four days most of what is due is late."""
    walk(start(**kind), steps, MONDAY + timedelta(days=days))


def test_a_request_that_opens_a_dossier_is_no_request_about_one() -> None:
    assert SubmitDossier not in ALLOWED
