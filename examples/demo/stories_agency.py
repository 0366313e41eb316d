"""Stories of handling and return (Art. 17 to 19): supplements, apologies, delays, refusals, withdrawals."""

from __future__ import annotations

from datetime import datetime

from examples.demo.case import AGENCY_OFFICER, Case
from examples.demo.desk import Json
from examples.demo.procedures import POLICE, TOWN_HALL
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
    """The agency finds the dossier not eligible, and refuses: Form 03 (17.2, 17.8)."""
    await case.take_in()
    await case.later(1, "13:15")
    await _refuse(case)


async def verified_on_the_spot(case: Case) -> None:
    """The agency verifies, as the applicant is told; what is found stands against the dossier (17.3)."""
    await case.take_in(notices={"email": f"nguoi-nop-{case.plan.number}@vi-du.example"})
    held_at = moment(case.plan.day + 1, "10:00")
    await case.do(
        case.agency,
        "verification.schedule",
        {
            "verification": "XM-01",
            "officer": AGENCY_OFFICER,
            "at": held_at.isoformat(),
            "place": "Trụ sở cơ quan giải quyết",
            "participants": [{"name": case.plan.citizen.name, "part": "chủ hồ sơ"}],
            "content": "Xác minh nội dung đã khai",
        },
    )
    await case.counter.sees("verification.scheduled", case.dossier)
    await case.later(1, "13:15")
    await case.must_not(case.agency, "result.issue", case.result(), "rule.17.3.b.open")
    await case.do(
        case.agency,
        "verification.record",
        {
            "verification": "XM-01",
            "officer": AGENCY_OFFICER,
            "outcome": "not_held",
            "findings": "Chủ hồ sơ vắng mặt",
            "verified_at": held_at.isoformat(),
        },
    )
    await _refuse(case)


async def _refuse(case: Case) -> None:
    await case.appraise("not_eligible")
    await case.must_not(case.agency, "result.issue", case.result(), "rule.17.2")
    decline = {
        "officer": AGENCY_OFFICER,
        "reason": "not_eligible",
        "explanation": "Không đủ điều kiện giải quyết",
    }
    await case.do(case.agency, "dossier.decline", decline)
    case.end = "declined"


async def opinion_overdue(case: Case) -> None:
    """Another agency is asked and is late: the one-stop is told, and the result waits (17.5)."""
    await case.take_in()
    asked = POLICE if case.plan.procedure.agency != POLICE else TOWN_HALL
    question = {
        "opinion": "YK-01",
        "officer": AGENCY_OFFICER,
        "of": asked,
        "content": "Đề nghị cho ý kiến về nơi cư trú",
        "working_days": 1,
    }
    await case.do(case.agency, "opinion.request", question)
    await case.later(2, "07:10")
    await case.counter.sees("deadline.missed", case.dossier, kind="opinion")
    await case.must_not(case.agency, "result.issue", case.result(), "rule.17.5.b.open")
    letter = {
        "number": "07/BPMC-ĐĐ",
        "signed_on": f"{case.week.now:%Y-%m-%d}",
        "signer": OFFICER,
        "by_order_of": "Chủ tịch Ủy ban nhân dân xã Giả Định",
    }
    words = {"timer": "opinion:YK-01", "content": "Đề nghị trả lời lấy ý kiến"}
    reminder = {**words, "officer": OFFICER, "letter": letter}
    await case.do(case.counter, "reminder.issue", reminder)
    await case.agency.sees("reminder.issued", case.name_at_agency)
    answer = {"opinion": "YK-01", "officer": AGENCY_OFFICER, "answer": "agrees", "text": "Thống nhất"}
    await case.do(case.other_agency, "opinion.give", answer, case.code)
    await case.counter.sees("rule.violated", case.dossier, rule="17.5.b")
    await case.handle_in_time()


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
