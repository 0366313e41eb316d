"""The post's part in a dossier: orders, and what becomes of a parcel on its way."""

from __future__ import annotations

from typing import Any

from examples.demo.case import Case
from examples.demo.desk import Json

PROVINCE = 93
_OFFICE = {
    "name": "Bộ phận Một cửa Giả Định",
    "phone": "+84900000999",
    "address": "Số 2, đường Giả Định",
    "province": PROVINCE,
    "district": 9301,
}


class Parcel:
    """One order; the stand-in's parcels are moved by the story, the operator's own system moves its own."""

    def __init__(self, case: Case, order: str) -> None:
        self.case = case
        self.order = order
        self.is_direct = case.plan.counter == "counter-2"

    async def becomes(self, status: str, **fields: Any) -> None:
        """The post does something with it, and the counter hears of it."""
        if not self.is_direct:
            await self.case.stand_ins.parcel(self.order, status, self.case.week.now, **fields)
        await self.heard(status)

    async def heard(self, status: str) -> None:
        """Wait until the counter has heard of it."""
        await self.case.counter.sees("pickup.progressed", self.case.dossier, order=self.order, status=status)


def order_data(case: Case, direction: str, **changes: Any) -> Json:
    """An order that is complete for the operator."""
    citizen = {
        "name": case.plan.citizen.name,
        "phone": "+84900000000",
        "address": "Số 1, đường Giả Định, xã Thử Nghiệm",
        "province": PROVINCE,
        "district": 9302,
    }
    sender, receiver = (citizen, _OFFICE) if direction == "collect" else (_OFFICE, citizen)
    contents = [
        "Hồ sơ thủ tục hành chính" if direction == "collect" else "Kết quả giải quyết thủ tục hành chính"
    ]
    return {
        "direction": direction,
        "sender": sender,
        "receiver": receiver,
        "organisation": case.one_stop,
        "contents": contents,
        **changes,
    }


async def order(case: Case, direction: str, **changes: Any) -> Parcel:
    """Order the post and wait until the operator has taken the order."""
    before = len(case.counter.has_seen("pickup.ordered", case.dossier))
    await case.do(case.counter, "pickup.order", order_data(case, direction, **changes))
    fact = await case.counter.sees("pickup.ordered", case.dossier, before + 1)
    parcel = Parcel(case, fact["order"])
    await parcel.heard("registered")
    return parcel


async def collect(case: Case) -> None:
    """The dossier comes by post: its legal time of submission is that of the minutes of hand-over.

    The post says what it took; the one-stop confirms what it was given (`Case.hand_on`).
    """
    parcel = await order(case, "collect", papers=list(case.plan.procedure.papers))
    await case.next_time()
    await parcel.becomes("collected")
    await case.next_time()
    case.is_brought_by_post = True
    await parcel.becomes("handed_over", minutes=f"{case.plan.number:05}/BBGN")


async def deliver(case: Case, **changes: Any) -> Parcel:
    """The result goes to the applicant by post."""
    await case.bring_result()
    parcel = await order(case, "deliver", papers=[case.plan.procedure.result], **changes)
    await case.next_time()
    await parcel.becomes("collected")
    return parcel
