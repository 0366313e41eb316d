"""Builders of ratings, complaints, questions and notices; every person here is synthetic."""

from __future__ import annotations

from typing import Any

from schemas.feedback import AnswerComplaint, ForwardComplaint, RecordComplaint, RecordRating
from schemas.information import AnswerInfo, RequestInfo
from schemas.notice import ReportNotice
from tests.support.dossiers import MONDAY, OFFICER


def rating(about: str = "one_stop", **changes: Any) -> RecordRating:
    values: dict[str, Any] = {"about": about, "score": 5, "way": "kiosk", **changes}
    return RecordRating(**values)


def complaint(**changes: Any) -> RecordComplaint:
    """About the agency, said at the counter."""
    values: dict[str, Any] = {
        "kind": "reflection",
        "about": "agency",
        "way": "counter",
        "text": "Quá hẹn mà chưa có kết quả",
        "complainant": "Nguyễn Thị Mẫu",
    }
    return RecordComplaint(**{**values, **changes})


def forwarding(complaint: str, to: str, **changes: Any) -> ForwardComplaint:
    values: dict[str, Any] = {"complaint": complaint, "to": to, "summary": "Quá hẹn", "officer": OFFICER}
    return ForwardComplaint(**{**values, **changes})


def answer(complaint: str = "K1", **changes: Any) -> AnswerComplaint:
    values: dict[str, Any] = {
        "complaint": complaint,
        "outcome": "upheld",
        "answer": "Cơ quan đã xin lỗi và trả kết quả",
        "told_by": "call",
        "told_at": MONDAY,
        "officer": OFFICER,
    }
    return AnswerComplaint(**{**values, **changes})


def question(to: str, **changes: Any) -> RequestInfo:
    values: dict[str, Any] = {"to": to, "about": "progress", "question": "Đến bước nào", "officer": OFFICER}
    return RequestInfo(**{**values, **changes})


def reply(info: str = "Q1", **changes: Any) -> AnswerInfo:
    values: dict[str, Any] = {"info": info, "answer": "Đang trình ký", "officer": OFFICER, **changes}
    return AnswerInfo(**values)


def notice(purpose: str = "early_return", channel: str = "sms", **changes: Any) -> ReportNotice:
    values: dict[str, Any] = {"purpose": purpose, "channel": channel, "at": MONDAY, **changes}
    return ReportNotice(**values)
