"""Stories of handling and return (Art. 17 to 19): supplements, apologies, delays, refusals, withdrawals."""

from __future__ import annotations

from datetime import datetime

from examples.demo.case import AGENCY_OFFICER, Case
from examples.demo.desk import Json
from examples.demo.settings_of import OFFICER
from examples.demo.week import moment

_REASON = "Cần thêm thời gian xác minh thực tế"


def _form_04(until: datetime) -> Json:
    return {"officer": AGENCY_OFFICER, "reason": _REASON, "new_due_at": until.isoformat()}


async def supplement_at_appraisal(case: Case) -> None:
    """The agency asks for a supplement; handling time is counted again from the start (17.4)."""
    await case.take_in()
    await case.later(1, "08:30")
    await case.ask_for_supplement("appraisal")
    await case.counter.sees("dossier.supplement_requested", case.dossier)
    await case.later(2, "10:00")
    await case.supplement()
    await case.handle_in_time()


async def apology_in_time(case: Case) -> None:
    """Form 04 a day before the due time; the one-stop enters the new time, once (17.9)."""
    await case.take_in()
    await case.later(1, "10:00")
    until = moment(case.plan.day + 9, "16:00")
    await case.must_not(
        case.counter,
        "due.reschedule",
        {"officer": OFFICER, "new_due_at": until.isoformat()},
        "due.no_apology",
    )
    await case.do(case.agency, "due.apologise", _form_04(until))
    await case.counter.sees("apology.sent", case.dossier, is_late=False)
    reschedule = {"officer": OFFICER, "new_due_at": until.isoformat()}
    await case.do(case.counter, "due.reschedule", reschedule)
    await case.must_not(case.agency, "due.apologise", _form_04(until), "rule.17.9")
    await case.later(3, "13:15")
    await case.issue()
    await case.give_back()


async def apology_too_late(case: Case) -> None:
    """Form 04 on the due day itself: it counts, and the delay is recorded (17.9)."""
    await case.take_in()
    days = case.plan.procedure.days
    await case.later(days, "10:00")
    await case.do(case.agency, "due.apologise", _form_04(moment(case.plan.day + 9, "16:00")))
    await case.counter.sees("apology.sent", case.dossier, is_late=True)
    await case.counter.sees("rule.violated", case.dossier, rule="17.9")


async def overdue(case: Case) -> None:
    """Nobody acted until the due time: missed, and the result comes late."""
    await case.take_in()
    days = case.plan.procedure.days
    await case.later(days + 1, "08:30")
    await case.counter.sees("deadline.missed", case.dossier, kind="due")
    await case.issue()
    await case.later(days + 1, "14:30")
    await case.give_back()
    case.end = "returned_late"


async def refused_by_agency(case: Case) -> None:
    """The agency finds the dossier not eligible: Form 03 (17.8)."""
    await case.take_in()
    await case.later(1, "13:15")
    decline = {
        "officer": AGENCY_OFFICER,
        "reason": "not_eligible",
        "explanation": "Không đủ điều kiện giải quyết",
    }
    await case.do(case.agency, "dossier.decline", decline)
    case.end = "declined"


async def withdrawn_late(case: Case) -> None:
    """The applicant takes the dossier back while the agency works on it."""
    await case.take_in()
    await case.later(1, "14:30")
    await case.do(case.counter, "dossier.withdraw", {})
    case.end = "withdrawn"
    await case.must_not(case.agency, "result.issue", case.result(), "state.conflict")


async def papers_by_hand(case: Case) -> None:
    """The papers go from hand to hand; who does not hold a paper cannot give it on (16, 12.2)."""
    await case.submit()
    await case.check_identity()
    await case.accept()
    await case.forward(with_papers=False)
    one_stop, agency = case.hands
    slip = case.slip(one_stop, agency)
    back = {**slip, "giver": agency, "receiver": one_stop}
    await case.must_not(case.agency, "paper.hand_over", back, "rule.12.2")
    await case.do(case.counter, "paper.hand_over", slip)
    await case.agency.sees("paper.handed_over", case.name_at_agency)
    await case.do(case.agency, "paper.receive", slip)
    await case.handle_in_time()


async def incomplete_return(case: Case) -> None:
    """Only the whole result may be returned, and on the registered way (18.1, 18.3)."""
    await case.take_in()
    await case.later(case.plan.procedure.days - 1, "08:30")
    await case.issue()
    other = {**case.returning("in_person"), "papers": ["KQ.G99.000001"]}
    await case.must_not(case.counter, "result.return", other, "rule.18.1")
    await case.must_not(case.counter, "result.return", case.returning("online"), "rule.18.3")
    await case.give_back()
