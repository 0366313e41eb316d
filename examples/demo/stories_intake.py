"""Stories of the intake (Art. 13 to 16): what the one-stop meets before a dossier goes to the agency."""

from __future__ import annotations

from examples.demo.case import Case, SurpriseError
from examples.demo.procedures import BUSINESS, LAND_OFFICE
from examples.demo.settings_of import ATTEMPTS, OFFICER, STRANGER
from examples.demo.stories_portal import pay


async def straight(case: Case) -> None:
    """Everything is in order."""
    await case.take_in()
    await case.handle_in_time()


async def enterprise(case: Case) -> None:
    """An organisation with a tax code: the officer checks it by hand, and that is on record (15.6.a)."""
    applicant = {"kind": "enterprise", "name": "Công ty TNHH Giả Định", "tax_code": "0100233488"}
    await case.submit(applicant=applicant)
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "identity.paper_unchecked")
    await case.check_by_hand("registration", applicant["tax_code"])
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def supplement_at_intake(case: Case) -> None:
    """Form 02 at intake: once, and not a second time (8.5.b)."""
    await case.submit()
    await case.check_identity()
    await case.ask_for_supplement("intake")
    await case.later(1, "08:30")
    await case.supplement()
    request = {"officer": OFFICER, "stage": "intake", "gaps": case.gaps()}
    await case.must_not(case.counter, "dossier.request_supplement", request, "rule.8.5.b")
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def mistyped_person(case: Case) -> None:
    """Asked about another person than the applicant, by a slip: refused; asked again, accepted (15.6.a)."""
    await case.submit()
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "identity.not_checked")
    slip = {"person": case.plan.citizen.with_typing_error(), "officer_account": OFFICER["account"]}
    await case.must_not(case.counter, "identity.verify", slip, "identity.another_person")
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def unknown_person(case: Case) -> None:
    """Unknown to the population database, and the identity paper is another's: Form 03."""
    unknown = case.plan.citizen.with_typing_error()
    await case.submit(applicant={**case.plan.citizen.party(), **unknown})
    await case.check_identity(unknown, expect="mismatched")
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "rule.15.6.b2.identity")
    other = {"paper": "identity_card", "number": "083090999999", "officer": OFFICER}
    await case.must_not(case.counter, "identity.check", other, "identity.paper_differs")
    explanation = "Giấy tờ tùy thân xuất trình không phải của chủ hồ sơ"
    decline = {"officer": OFFICER, "reason": "not_entitled", "explanation": explanation}
    await case.do(case.counter, "dossier.decline", decline)
    case.end = "declined"


async def mismatch_on_paper(case: Case) -> None:
    """The database has another birth than the identity card: the dossier is taken on paper (15.6.b)."""
    differing = case.plan.citizen.with_typing_error()
    await case.submit(applicant={**case.plan.citizen.party(), **differing})
    await case.check_identity(differing, expect="mismatched")
    await case.check_by_hand("identity_card", case.plan.citizen.number)
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def officer_without_right(case: Case) -> None:
    """Could not ask, because the account has no right: no mismatch; another officer asks."""
    await case.submit()
    await case.check_identity(officer=STRANGER, expect="unavailable")
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "identity.officer_unknown")
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def database_away(case: Case) -> None:
    """The population database fails: the dossier is taken on paper, and asked about again later (15.6.a)."""
    await case.submit()
    await case.later(0, "11:20")
    await case.stand_ins.population_fault("http_500", count=ATTEMPTS)
    await case.check_identity(expect="unavailable")
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "identity.unavailable")
    await case.check_by_hand("identity_card", case.plan.citizen.number)
    await case.accept()
    await case.forward()
    await case.later(0, "13:15")
    await case.check_identity()
    await case.agency.sees("identity.matched", case.name_at_agency)
    await case.handle_in_time()


async def answered_too_late(case: Case) -> None:
    """An online dossier not answered within 8 working hours (15.2): missed, accepted late, told by call.

    Its fee is asked for, as the applicant is told, and paid on the portal.
    """
    await case.submit()
    await case.check_identity()
    await case.later(1, "16:30")
    await case.counter.sees("deadline.missed", case.dossier, kind="intake")
    await case.accept()
    await case.counter.sees("rule.violated", case.dossier, rule="15.2")
    call = {"purpose": "intake", "channel": "call", "at": case.week.now.isoformat()}
    await case.do(case.counter, "notice.report", call)
    items = [{"kind": "fee", "amount": case.plan.procedure.online_fee}]
    await case.do(case.counter, "payment.request", {"officer": OFFICER, "items": items})
    await case.stand_ins.shows(case.code, "6", case.name)
    await pay(case, case.code, "00")
    await case.counter.sees("payment.recorded", case.dossier, status="paid")
    await case.forward()
    await case.handle_in_time()


async def forwarded_too_late(case: Case) -> None:
    """Neither the electronic dossier nor the paper goes on (16.1, 16.2): both missed, and both late."""
    await case.submit()
    await case.check_identity()
    await case.accept()
    await case.later(1, "10:00")
    await case.counter.sees("deadline.missed", case.dossier, kind="forward_electronic")
    await case.counter.sees("deadline.missed", case.dossier, kind="forward")
    await case.forward()
    await case.counter.sees("rule.violated", case.dossier, rule="16.1")
    await case.counter.sees("rule.violated", case.dossier, rule="16.2")
    await case.handle_in_time()


async def withdrawn_early(case: Case) -> None:
    """The applicant takes the dossier back before it is accepted; then nothing can be done with it."""
    await case.submit()
    await case.next_time()
    await case.do(case.counter, "dossier.withdraw", {"reason": "Người nộp đổi ý"})
    case.end = "withdrawn"
    await case.must_not(case.counter, "dossier.accept", case.acceptance(), "state.conflict")


async def careless_intake(case: Case) -> None:
    """What may not be taken in: a paper beyond the list, a closed channel, e-mail, an unknown procedure."""
    foreign = {"code": "000.00.00.G99-KQ000001", "originals": 1}
    for changes, code in (
        ({"components": [*case.components, foreign]}, "rule.14.3"),
        ({"channel": "email"}, "rule.13.4"),
        ({"procedure": "1.002755", "channel": "post"}, "rule.13"),
        ({"procedure": "9.999999"}, "rule.3.8"),
    ):
        await case.must_not(
            case.counter, "dossier.submit", case.submission(**changes), code, subject=case.reference()
        )
    await case.take_in()
    await case.handle_in_time()


async def wrong_way(case: Case) -> None:
    """Forwarded to the wrong agency, and worked on by the agency before it was forwarded (16, 19.4)."""
    await case.submit()
    await case.check_identity()
    await case.must_not(case.agency, "case.assign", {"assignee": OFFICER}, "rule.19.4", subject=case.dossier)
    await case.accept()
    other = BUSINESS if case.plan.procedure.agency != BUSINESS else LAND_OFFICE
    await case.must_not(case.counter, "dossier.forward", {"officer": OFFICER, "to": other}, "rule.16")
    await case.forward()
    await case.handle_in_time()


async def sent_twice(case: Case) -> None:
    """The line was bad: the same request goes out again, then its id is used for something else."""
    reference = case.reference()
    receipt = await case.do(case.counter, "dossier.submit", case.submission(), reference)
    case.dossier = receipt["dossier"]
    case.counter.enter("dossier.submit", reference, case.submission(), receipt["id"])
    case.counter.enter("dossier.submit", reference, case.submission(summary="Nội dung khác"), receipt["id"])
    second = await case.counter.answer(receipt["id"], 2)
    if second.get("code") != "security.id_reused":
        raise SurpriseError(f"{case.name}: an id used for other contents got {second.get('code')}")
    await case.must_not(
        case.counter, "dossier.submit", case.submission(), "reference.in_use", subject=reference
    )
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()
