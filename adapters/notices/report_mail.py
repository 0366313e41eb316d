"""Reports of the regulation on their way to an office: the e-mail, and what became of it."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from adapters.notices.mail import mail_bytes
from adapters.notices.papers import Attachment
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.reports import report_id
from schemas.report import ReportMailing, TellReport


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("report_mail.toml").read_text(encoding="utf-8"))


def mailing_of(message: OutMessage) -> ReportMailing | None:
    """The fact, or None where it cannot be read."""
    try:
        return ReportMailing.model_validate_json(message.data, extra="ignore")
    except ValidationError:
        return None


def report_mail(message: OutMessage, fact: ReportMailing, sender: tuple[str, str], paper: bytes) -> bytes:
    """The e-mail with the report, the same bytes for the same fact."""
    texts = _texts()
    places = {
        "title": texts["titles"][fact.kind],
        "organisation": fact.organisation_name or fact.organisation,
        "first": _day(fact.first),
        "last": _day(fact.last),
        "rule": fact.rule,
    }
    return mail_bytes(
        identity=message.id,
        at=message.time,
        sender=sender,
        to=fact.email,
        subject=" ".join(texts["subject"].format_map(places).split()),
        text=texts["text"].format_map(places).strip(),
        language="vi",
        attached=Attachment(f"{fact.report}-{fact.organisation}-{fact.period}.pdf", paper),
    )


def told_of(
    namespace: UUID,
    message: OutMessage,
    at: datetime,
    *,
    proof: str | None,
    failure: str | None,
    end: str | None,
) -> Report | None:
    """Sent, failed with the reason, or come back; nothing of a mailing that cannot be read."""
    fact = mailing_of(message)
    if fact is None:
        return None
    data = TellReport(
        organisation=fact.organisation,
        report=fact.report,
        period=fact.period,
        at=at.astimezone(UTC),
        proof=proof,
        failure=failure,
    )
    identity = report_id(namespace, f"{end or ('sent' if failure is None else 'failed')}|{message.id}")
    subject = f"ref:{identity}"
    return Report(
        identity, TellReport.type, subject, data.at, data.model_dump_json(exclude_none=True).encode()
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
