"""Stories of dossiers of several agencies (Art. 17.6): on paper by turns, electronically all at once."""

from __future__ import annotations

from examples.demo.case import AGENCY_OFFICER, Case
from examples.demo.desk import Json
from examples.demo.procedures import LAND_OFFICE, POLICE, TOWN_HALL
from examples.demo.settings_of import OFFICER

_SLIP = "PCXL-{number:04}-{turn}"


def _part(number: int, of: str, task: str, *needs: str) -> Json:
    return {"leg": f"PV-{number:02}", "of": of, "task": task, "working_days": 1, "needs": list(needs)}


def _done(name: str) -> Json:
    return {"leg": name, "officer": AGENCY_OFFICER, "outcome": "done", "result": "Đã giải quyết phần việc"}


def _other(case: Case) -> str:
    return POLICE if case.plan.procedure.agency != POLICE else TOWN_HALL


async def interlinked_on_paper(case: Case) -> None:
    """Three agencies, one after the other: each passes the paper on with its slip (17.6.a).

    It lasts beyond the week, so the applicant is told when its due time moves.
    """
    await case.submit(notices={"email": f"nguoi-nop-{case.plan.number}@vi-du.example"})
    await case.check_identity()
    await case.accept()
    lead, other = case.plan.procedure.agency, _other(case)
    third = LAND_OFFICE if lead != LAND_OFFICE else TOWN_HALL
    parts = [
        _part(1, lead, "Thẩm định hồ sơ"),
        _part(2, other, "Xác nhận nơi cư trú"),
        _part(3, third, "Xác nhận thông tin đất đai"),
    ]
    last = case.agency if lead != POLICE else case.other_agency
    too_long = [{**part, "working_days": 10} for part in parts]
    refused = {"officer": OFFICER, "to": lead, "legs": too_long}
    await case.must_not(case.counter, "dossier.forward", refused, "rule.17.6.b.limit")
    await case.forward(legs=parts)
    pass_on = {
        "leg": "PV-02",
        "officer": AGENCY_OFFICER,
        "slip": _SLIP.format(number=case.plan.number, turn=2),
    }
    await case.must_not(case.agency, "leg.start", pass_on, "rule.17.6.a.turn")
    await case.do(case.agency, "leg.finish", _done("PV-01"))
    await case.do(case.agency, "leg.start", pass_on)
    await case.do(case.other_agency, "leg.finish", _done("PV-02"), case.code)
    await case.must_not(case.agency, "result.issue", case.result(), "rule.17.6.a.open")
    slip = _SLIP.format(number=case.plan.number, turn=3)
    await case.do(
        case.other_agency, "leg.start", {"leg": "PV-03", "officer": AGENCY_OFFICER, "slip": slip}, case.code
    )
    await case.do(last, "leg.finish", _done("PV-03"), case.code)
    await case.handle_in_time()


async def interlinked_at_once(case: Case) -> None:
    """All are told at once; who is late is named, and who needs its result starts from there (17.6.b)."""
    await case.submit()
    await case.check_identity()
    await case.accept()
    lead = case.plan.procedure.agency
    await case.forward(
        legs=[
            _part(1, _other(case), "Xác nhận nơi cư trú"),
            _part(2, lead, "Cập nhật cơ sở dữ liệu", "PV-01"),
        ]
    )
    await case.later(2, "07:10")
    await case.counter.sees("deadline.missed", case.dossier, kind="leg")
    await case.do(case.other_agency, "leg.finish", _done("PV-01"), case.code)
    await case.counter.sees("rule.violated", case.dossier, rule="17.6.b")
    await case.do(case.agency, "leg.finish", _done("PV-02"))
    await case.handle_in_time()
