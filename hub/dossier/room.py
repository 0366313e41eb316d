"""How much of a kind one dossier holds: its state is read and written whole by each request (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from hub.dossier.decision import Refused
from hub.dossier.state.model import Dossier
from schemas.account import RecordAccount
from schemas.base import Request
from schemas.feedback import RecordComplaint
from schemas.identity import VerifyIdentity
from schemas.information import RequestInfo
from schemas.loss import RecordLoss
from schemas.opinion import RequestOpinion
from schemas.original import TakeOriginal
from schemas.verification import RecordVerification, ScheduleVerification

MOST = 1_000
"""Far more than any dossier needs; a program that repeats itself comes to it."""

_KINDS: Mapping[type[Request], str] = {
    RequestOpinion: "opinions",
    ScheduleVerification: "verifications",
    RecordVerification: "verifications",
    RecordComplaint: "complaints",
    RequestInfo: "questions",
    TakeOriginal: "originals",
    RecordLoss: "losses",
    RecordAccount: "accounts",
    VerifyIdentity: "shared_data",
}
"""Requests that bring one more of a kind; orders of the post and payments have numbers that end."""


def no_room(dossier: Dossier, request: Request) -> Refused | None:
    """The refusal when the dossier has as many of this kind as it may; what is there goes on to its end."""
    kind = _KINDS.get(type(request))
    if kind is None or len(held := getattr(dossier, kind)) < MOST:
        return None
    is_there = kind == "verifications" and getattr(request, "verification", None) in held
    return None if is_there else Refused("state.full")
