"""Stories of digitised copies and signed results (Art. 15.6.c, 17.1, 17.10)."""

from __future__ import annotations

from examples.demo.case import AGENCY_OFFICER, HEAD, Case
from examples.demo.desk import Json
from examples.demo.settings_of import OFFICER
from examples.demo.signing_desk import Paper

_NOT_SIGNED = "rule.15.6.c2"


def _paper(case: Case, code: str) -> Paper:
    return Paper(case.dossier, code, case.plan.citizen.number, case.week.now)


async def _take_in(case: Case) -> None:
    case.is_scanned = True
    await case.submit()
    await case.check_identity()
    await case.accept()


async def _register(case: Case, code: str) -> Json:
    """The one-stop scans and signs a paper, and registers the copy."""
    copy = await case.signing.copy(case.counter.name, _paper(case, code), case.one_stop)
    await case.do(case.counter, "copy.register", copy)
    return copy


async def _must_not_forward(case: Case) -> None:
    forward = {"officer": OFFICER, "to": case.plan.procedure.agency}
    await case.must_not(case.counter, "dossier.forward", forward, _NOT_SIGNED)


async def scanned_and_signed(case: Case) -> None:
    """All papers are scanned and signed, the agency certifies and signs; the portal has the files."""
    await _take_in(case)
    copies = [await _register(case, code) for code in case.plan.procedure.papers]
    await case.stand_ins.opens(case.code, copies[0]["files"][0], case.name)
    await case.forward()
    await case.later(1, "08:30")
    agency = case.plan.procedure.agency
    certified = await case.signing.certified(
        case.agency.name, copies[0], agency, AGENCY_OFFICER, case.week.now
    )
    await case.do(case.agency, "copy.certify", certified)
    await case.work()
    paper, number = _paper(case, case.plan.procedure.result), case.result()["papers"][0]["number"]
    signed = await case.signing.result(case.agency.name, paper, agency, number)
    result = {**signed, "left_out": case.plan.procedure.left_out()}
    await case.must_not(case.agency, "result.issue", {**result, "signer": HEAD}, "rule.17.10.signer")
    await case.issue(result)
    await case.next_time()
    await case.give_back()


async def unsigned_copy(case: Case) -> None:
    """A paper was scanned and not signed: the dossier stays until it is (15.6.c)."""
    await _take_in(case)
    *others, last = case.plan.procedure.papers
    for code in others:
        await _register(case, code)
    await _must_not_forward(case)
    await case.next_time()
    await _register(case, last)
    await case.forward()
    await case.handle_in_time()


async def forged_copy(case: Case) -> None:
    """Somebody changed a copy after it was signed: refused with its reason, and nothing goes on."""
    await _take_in(case)
    first, *others = case.plan.procedure.papers
    forged = await case.signing.copy(case.counter.name, _paper(case, first), case.one_stop, is_forged=True)
    await case.must_not(case.counter, "copy.register", forged, "signature.digest")
    await _must_not_forward(case)
    for code in (first, *others):
        await _register(case, code)
    await case.forward()
    await case.handle_in_time()
