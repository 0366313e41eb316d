"""Notices to the applicant: who was told what, on which way, and the proof (Art. 15.2.a, 17.9, 18.4)."""

from __future__ import annotations

from typing import ClassVar, Literal

from schemas.base import Fact, Request, Role, Wire
from schemas.types import Instant, Line, NoticeChannel, Reference

NoticePurpose = Literal["intake", "reschedule", "early_return"]
"""The answer to a dossier that was lodged online (15.2.a); the new time of Form 04 (17.9); a result that can
be had before its time (18.4)."""


class _Notice(Wire):
    purpose: NoticePurpose
    channel: NoticeChannel
    at: Instant
    proof: Reference | None = None


class ReportNotice(_Notice, Request):
    """What became of a notice to the applicant; a call is reported by the counter that made it.

    `proof` is the number under which the gateway has it; `failure` says why it did not reach the applicant.
    """

    type: ClassVar[str] = "onestop.notice.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"notifier", "counter"})
    failure: Line | None = None


class NoticeSent(_Notice, Fact):
    """The applicant was told; `rule` is what asks for it."""

    type: ClassVar[str] = "onestop.notice.sent.v1"
    rule: Line


class NoticeFailed(_Notice, Fact):
    """The applicant was not reached on this way; `rule` is what asks for the notice."""

    type: ClassVar[str] = "onestop.notice.failed.v1"
    rule: Line
    failure: Line
