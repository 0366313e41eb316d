"""Stories of the public post (Art. 20, 21; QĐ 45/2016/QĐ-TTg): both operators, both directions, losses."""

from __future__ import annotations

from examples.demo.case import Case
from examples.demo.desk import Json
from examples.demo.parcels import collect, deliver, order, order_data
from examples.demo.settings_of import OFFICER


async def _take_in_by_post(case: Case) -> None:
    await case.submit()
    await collect(case)
    await case.check_identity()
    await case.accept()
    await case.forward()


async def by_post(case: Case) -> None:
    """The dossier comes by post and the result goes by post."""
    await _take_in_by_post(case)
    await _issue_next_day(case)
    parcel = await deliver(case)
    await case.next_time()
    await parcel.becomes("delivered")
    await case.give_back("post")


async def _issue_next_day(case: Case) -> None:
    await case.later(1, "08:30")
    await case.issue()


async def cash_on_delivery(case: Case) -> None:
    """The post collects the fee at the door, and says something that nobody knows the meaning of."""
    await case.take_in()
    await _issue_next_day(case)
    parcel = await deliver(case, cash_on_delivery=50_000)
    await case.stand_ins.parcel(parcel.order, "", case.week.now, code=77)
    await parcel.heard("unknown")
    await case.next_time()
    await parcel.becomes("delivered")
    await parcel.becomes("cod_collected", cod=50_000)
    await case.give_back("post")


async def lost_on_the_way_in(case: Case) -> None:
    """The post loses the applicant's papers; a second order brings what the applicant made out again."""
    await case.submit()
    parcel = await order(case, "collect", papers=list(case.plan.procedure.papers))
    await case.must_not(case.counter, "pickup.order", order_data(case, "collect"), "pickup.already_open")
    await case.next_time()
    await parcel.becomes("collected")
    await case.later(1, "08:30")
    await parcel.becomes("lost")
    await case.counter.sees("loss.recorded", case.dossier, holder="post")
    settlement = _settlement(case, list(case.plan.procedure.papers), "applicant")
    unpaid = {key: value for key, value in settlement.items() if key != "compensation"}
    await case.must_not(case.counter, "loss.settle", unpaid, "rule.21.3.compensation")
    await case.do(case.counter, "loss.settle", settlement)
    await collect(case)
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.week.until(case.counted_from + 1, "10:00")
    await case.issue()
    result = await deliver(case)
    await case.next_time()
    await result.becomes("delivered")
    await case.give_back("post")


async def lost_result(case: Case) -> None:
    """The post loses the result, which is issued again; then that is wrong, and corrected (21.1-21.3)."""
    await case.take_in()
    await _issue_next_day(case)
    parcel = await deliver(case)
    await case.later(2, "14:30")
    await parcel.becomes("lost")
    await case.counter.sees("loss.recorded", case.dossier, holder="post")
    await case.must_not(case.counter, "result.return", case.returning("in_person"), "custody.lost")
    await _complain(case, parcel.order)
    await case.do(case.counter, "loss.settle", _settlement(case, [case.plan.procedure.result], case.one_stop))
    await case.give_back("in_person")
    await case.correct()
    await case.do(case.counter, "result.return", case.returning("in_person"))
    await case.do(case.counter, "rating.record", {"about": "post", "score": 2, "way": "counter"})


async def _complain(case: Case, order: str) -> None:
    """The applicant complains about the post, which explains itself through the one-stop (20.2)."""
    name = case.plan.citizen.name
    complaint = {"kind": "complaint", "about": "post", "order": order, "way": "counter", "complainant": name}
    await case.do(case.counter, "complaint.record", {**complaint, "text": "Bưu gửi bị mất"})
    told = {"complaint": "K1", "told_by": "call", "told_at": case.week.now.isoformat(), "officer": OFFICER}
    await case.do(case.counter, "complaint.forward", _report("post"))
    answer = {**told, "outcome": "upheld", "answer": "Doanh nghiệp bưu chính công ích bồi thường và xin lỗi"}
    await case.do(case.counter, "complaint.answer", answer)


def _report(to: str) -> Json:
    return {"complaint": "K1", "to": to, "summary": "Bưu gửi bị mất", "officer": OFFICER}


def _settlement(case: Case, papers: list[str], holder: str) -> Json:
    """The post pays what it lost: the papers are made out again, and its own norms on top."""
    today = case.week.now.date().isoformat()
    return {
        "loss": "L1",
        "responsible": "post",
        "papers": [{"paper": paper, "outcome": "reissued", "holder": holder} for paper in papers],
        "costs": [{"what": "Lệ phí cấp lại", "amount": 16_000, "paid_by": "applicant", "refunded": True}],
        "compensation": {"charge": 30_000, "amount": 120_000, "agreed_on": today, "paid_on": today},
        "apology": {"officer": OFFICER, "at": case.week.now.isoformat()},
        "officer": OFFICER,
    }


async def nobody_at_home(case: Case) -> None:
    """Two failed deliveries two working days apart, then the result goes back and is fetched (TT 17/2017)."""
    await case.take_in()
    await _issue_next_day(case)
    parcel = await deliver(case)
    await case.later(2, "08:30")
    await parcel.becomes("delivery_failed")
    await case.later(4, "08:30")
    await case.stand_ins.parcel(parcel.order, "delivery_failed", case.week.now)
    await case.counter.sees("pickup.progressed", case.dossier, order=parcel.order, failures=2)
    await case.next_time()
    await parcel.becomes("returned")
    await case.take_back_result()
    await case.give_back("in_person")


async def brought_back_too_early(case: Case) -> None:
    """The post brings the result back after one failed delivery: recorded as against the rule."""
    await case.take_in()
    await _issue_next_day(case)
    parcel = await deliver(case)
    await case.next_time()
    await parcel.becomes("delivery_failed")
    await case.next_time()
    await parcel.becomes("returned")
    await case.counter.sees("rule.violated", case.dossier, rule="tt17-2017.5")
    await case.take_back_result()
    await case.give_back("in_person")


async def cancelled_order(case: Case) -> None:
    """The applicant comes in person after all: cancelled, and not a second time."""
    await case.submit()
    parcel = await order(case, "collect")
    await case.do(case.counter, "pickup.cancel", {"order": parcel.order})
    await case.counter.sees("sync.recorded", case.dossier, outcome="delivered")
    await case.must_not(case.counter, "pickup.cancel", {"order": parcel.order}, "pickup.already_collected")
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()
