"""Stories of the national portal: dossiers that are lodged there, and what a citizen sees of them."""

from __future__ import annotations

from examples.demo.case import Case, SurpriseError
from examples.demo.desk import Json
from examples.demo.settings_of import OFFICER

_RETURNS = {"in_person": "0", "post": "1", "online": "2"}


def _lodging(case: Case, **changes: str) -> Json:
    """What the portal sends of a dossier that was lodged there."""
    plan = case.plan
    return {
        "MaHoSo": portal_code(case),
        "MaTTHC": plan.procedure.code,
        "DonViTiepNhan": case.one_stop,
        "DonViXuLy": plan.procedure.agency,
        "LoaiDoiTuong": "1",
        "ChuHoSo": plan.citizen.name,
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": plan.citizen.number}],
        "SoDienThoai": "+84900000000",
        "DiaChi": "Số 1, đường Giả Định, xã Thử Nghiệm",
        "HinhThucTra": _RETURNS[plan.return_channel],
        "TaiLieuNop": [{"MaThanhPhanHoSo": paper} for paper in plan.procedure.papers],
        **changes,
    }


def portal_code(case: Case) -> str:
    """The portal's own number of a dossier that is lodged there."""
    return f"G22.99-2610{5 + case.plan.day:02}-{case.plan.number:06}"


async def _lodge(case: Case, code: str = "0", **changes: str) -> None:
    answer = await case.stand_ins.lodge(_lodging(case, **changes))
    if answer.get("error_code") != code:
        raise SurpriseError(f"{case.name}: lodging on the portal was answered {answer}, not {code}")


async def _take_in(case: Case) -> None:
    """Lodged on the portal; the one-stop hears of it like of any other dossier."""
    await _lodge(case)
    number = case.plan.citizen.number
    case.dossier = await case.counter.sees_somewhere(
        "dossier.submitted", lambda fact: fact["applicant"].get("identity_number") == number, case.name
    )


async def _shown(case: Case, status: str) -> None:
    """Wait until a citizen sees this status on the portal."""
    await case.stand_ins.shows(portal_code(case), status, case.name)


async def lodged_on_the_portal(case: Case) -> None:
    """Lodged on the portal, and the result comes back online."""
    await _take_in(case)
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def lodged_twice(case: Case) -> None:
    """The portal lodges the same again, then something else under the same number: one dossier."""
    await _take_in(case)
    await _lodge(case)
    await _lodge(case, "1", ChuHoSo="Người Khác Giả Định")
    await case.check_identity()
    await case.accept()
    await case.forward()
    await case.handle_in_time()


async def paid_on_the_portal(case: Case) -> None:
    """A published fee, asked once; the bank refuses, then takes it and says so three times (3.5)."""
    await _take_in(case)
    await case.check_identity()
    await case.accept()
    fee = case.plan.procedure.online_fee
    items = [{"kind": "fee", "amount": fee}]
    more = [{"kind": "fee", "amount": fee + 1_000}]
    await case.must_not(case.counter, "payment.request", {"officer": OFFICER, "items": more}, "rule.3.5")
    await case.do(case.counter, "payment.request", {"officer": OFFICER, "items": items})
    again = {"officer": OFFICER, "items": items}
    await case.must_not(case.counter, "payment.request", again, "payment.already_open")
    await _shown(case, "6")
    await pay(case, portal_code(case), "24")
    await case.counter.sees("payment.recorded", case.dossier, status="refused")
    await case.next_time()
    await pay(case, portal_code(case), "00", repeat=2)
    await case.counter.sees("payment.recorded", case.dossier, status="paid", amount=fee)
    await _shown(case, "2")
    await case.forward()
    await case.handle_in_time()


async def pay(case: Case, code: str, result: str, repeat: int = 0) -> None:
    """Pay under the portal's code; each time the result is told, the province says that it has it."""
    told = await case.stand_ins.pay(code, result, repeat)
    codes = [answer.get("MaLoi") for answer in told["answers"]]
    if codes != ["00"] * (1 + repeat):
        raise SurpriseError(f"{case.name}: a payment was answered {told}")


async def followed_on_the_portal(case: Case) -> None:
    """The citizen looks after each step, and sees the status of that step."""
    await _take_in(case)
    await _shown(case, "1")
    await case.check_identity()
    await case.accept()
    await _shown(case, "2")
    await case.forward()
    await _shown(case, "4")
    await case.later(1, "08:30")
    await case.ask_for_supplement("appraisal")
    await case.counter.sees("dossier.supplement_requested", case.dossier)
    await _shown(case, "5")
    await case.next_time()
    await case.supplement()
    await _shown(case, "4")
    await case.week.until(case.counted_from + 1, "10:00")
    await case.work()
    await case.issue()
    await _shown(case, "9")
    await case.next_time()
    await case.give_back()
    await _shown(case, "10")
