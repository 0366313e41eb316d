"""Builders of requests about the agency's own work; every person here is synthetic."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from schemas.case import AppraiseCase
from schemas.leg import FinishLeg, StartLeg
from schemas.leg_plan import LegPlan
from schemas.opinion import GiveOpinion, RequestOpinion
from schemas.party import Officer
from schemas.reminder import IssueReminder, UrgingLetter
from schemas.verification import Participant, RecordVerification, ScheduleVerification

OFFICER = Officer(account="canbo.mau", name="Lê Thị Thí Dụ")


def appraisal(outcome: str = "eligible", **changes: Any) -> AppraiseCase:
    """The agency has appraised the dossier."""
    findings = None if outcome == "eligible" else "Thiếu xác nhận nơi cư trú"
    return AppraiseCase(**{"officer": OFFICER, "outcome": outcome, "findings": findings, **changes})


def appointment(at: datetime, name: str = "XM-01", **changes: Any) -> ScheduleVerification:
    """The applicant has to be there."""
    values: dict[str, Any] = {
        "verification": name,
        "officer": OFFICER,
        "at": at,
        "place": "Số 1 đường Giả Lập, Bến Tre",
        "participants": (Participant(name="Nguyễn Thị Mẫu"),),
        "content": "Xác minh nơi cư trú",
    }
    return ScheduleVerification(**{**values, **changes})


def verified(at: datetime, name: str = "XM-01", **changes: Any) -> RecordVerification:
    """A verification is over; without a file, which a law allows, unless one is named."""
    values: dict[str, Any] = {
        "verification": name,
        "officer": OFFICER,
        "outcome": "confirmed",
        "findings": "Đúng nơi cư trú",
        "verified_at": at,
        "exception": "Điều 9 Luật mẫu",
    }
    return RecordVerification(**{**values, **changes})


def question(name: str = "YK-01", of: str = "H07.21", **changes: Any) -> RequestOpinion:
    """Another agency is asked, with three working days unless a limit is named."""
    values: dict[str, Any] = {
        "opinion": name,
        "officer": OFFICER,
        "of": of,
        "content": "Đề nghị cho ý kiến về nơi cư trú",
    }
    if "answer_by" not in changes:
        values["working_days"] = 3
    return RequestOpinion(**{**values, **changes})


def opinion(name: str = "YK-01", **changes: Any) -> GiveOpinion:
    """The answer of the agency that was asked."""
    values: dict[str, Any] = {"opinion": name, "officer": OFFICER, "answer": "agrees", "text": "Thống nhất"}
    return GiveOpinion(**{**values, **changes})


def letter(**changes: Any) -> UrgingLetter:
    """Signed by the head of the one-stop, by order."""
    values: dict[str, Any] = {
        "number": "07/ĐĐ-BPMC",
        "signed_on": date(2026, 10, 8),
        "signer": OFFICER,
        "by_order_of": "Chủ tịch Ủy ban nhân dân xã Mẫu",
    }
    return UrgingLetter(**{**values, **changes})


def reminder(timer: str = "due", **changes: Any) -> IssueReminder:
    """The one-stop urges."""
    values: dict[str, Any] = {"timer": timer, "officer": OFFICER, "content": "Đề nghị trả kết quả"}
    return IssueReminder(**{**values, **changes})


def leg(name: str = "PV-01", of: str = "H07.21", **changes: Any) -> LegPlan:
    """A part of an interlinked dossier, with one working day."""
    values: dict[str, Any] = {"leg": name, "of": of, "task": "Xác nhận nơi cư trú", "working_days": 1}
    return LegPlan(**{**values, **changes})


def passing(name: str = "PV-01", **changes: Any) -> StartLeg:
    """The paper goes on, with its slip."""
    return StartLeg(**{"leg": name, "officer": OFFICER, "slip": "15/PC ngày 06/10/2026", **changes})


def finishing(name: str = "PV-01", **changes: Any) -> FinishLeg:
    """A part is done."""
    values: dict[str, Any] = {"leg": name, "officer": OFFICER, "outcome": "done", "result": "Đã xác nhận"}
    return FinishLeg(**{**values, **changes})
