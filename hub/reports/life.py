"""One dossier as reports count it: moments and marks out of its facts, nothing personal (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.regulation.law import LawVersions

Data = Mapping[str, Any]
ACCEPTED = "dossier.accepted"


@dataclass(slots=True)
class Spell:
    """A supplement that an agency asked for (17.4), until the dossier was full again."""

    begun: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class SealedFact:
    """A genuine fact as it is stored, and the wrapped key of its dossier: None, where it was erased."""

    stored: bytes
    wrapped: bytes | None


@dataclass(slots=True)
class Life:
    """What facts up to some moment say of a dossier that was accepted, or of one that was not yet."""

    dossier: str
    procedure: str = ""
    organisation: str = ""
    agency: str = ""
    channel: str = ""
    code: str = ""
    law: LawVersions | None = None
    handling: str = ""
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    """By which delay counts (17.9)."""
    spells: list[Spell] = field(default_factory=list)
    issued_at: datetime | None = None
    returned_at: datetime | None = None
    declined_at: datetime | None = None
    withdrawn_at: datetime | None = None
    has_electronic_result: bool = False
    has_copy: bool = False
    has_reuse: bool = False
    has_reused_paper: bool = False
    has_population_data: bool = False
    has_duty: bool = False
    is_paid_online: bool = False
    is_synced: bool = False
    complaints: int = 0
    apologies: int = 0
    opinions: int = 0
    """Of other agencies, asked for."""
    lowest_score: float | None = None
    """As a share of the scale."""
    late_forwards: int = 0
    """Hand-overs to the agency that were not made in their time (16.1, 16.2)."""
    acceptance: SealedFact | None = None
    """For who has the key and counts by officers."""

    @property
    def ended_at(self) -> datetime | None:
        """NgayKetThucXuLy: statuses 9, 10, then 8, 3, 7 (QĐ 766)."""
        return self.issued_at or self.returned_at or self.declined_at or self.withdrawn_at

    def happened(self, name: str, time: datetime, data: Data, law: LawVersions | None) -> None:
        """The next fact, by its short name; one that is not counted is passed over.

        `law` is that of the acceptance, which is the dossier's for life but for its calendar.
        """
        change = _CHANGES.get(name)
        if change is not None:
            change(self, time, data)
            if name == ACCEPTED:
                self.law = law


def _submitted(life: Life, _time: datetime, data: Data) -> None:
    life.procedure, life.channel = data["procedure"], data["channel"]
    life.organisation, life.agency = data["organisation"], data["agency"]


def _accepted(life: Life, _time: datetime, data: Data) -> None:
    life.code, life.handling = data["code"], data["handling"]
    life.organisation, life.agency = data["organisation"], data["agency"]
    life.accepted_at, life.due_at = _moment(data["accepted_at"]), _moment(data["due_at"])


def _taken_over(life: Life, _time: datetime, data: Data) -> None:
    life.organisation, life.agency = data["organisation"], data["agency"]


def _asked(life: Life, time: datetime, data: Data) -> None:
    if data["stage"] == "appraisal":
        life.spells.append(Spell(time))


def _supplemented(life: Life, _time: datetime, data: Data) -> None:
    if data.get("due_at") is not None:
        life.due_at = _moment(data["due_at"])
        if life.spells:
            life.spells[-1].ended = _moment(data["supplemented_at"])


def _apologised(life: Life, _time: datetime, data: Data) -> None:
    """Form 04: a late one leaves the time by which delay counts."""
    life.apologies += 1
    if data.get("measured_due_at") is not None:
        life.due_at = _moment(data["measured_due_at"])


def _rescheduled(life: Life, _time: datetime, data: Data) -> None:
    life.due_at = _moment(data.get("measured_due_at") or data["new_due_at"])


def _moved(life: Life, _time: datetime, data: Data) -> None:
    """By a later calendar; the time by which delay counts, where that is the limit that moved."""
    if data["kind"] == "due" and life.due_at == _moment(data["old_due_at"]):
        life.due_at = _moment(data["new_due_at"])


def _passed_over(life: Life, _time: datetime, data: Data) -> None:
    if life.law is not None:
        life.law = life.law._replace(calendar=data["calendar"])


def _issued(life: Life, _time: datetime, data: Data) -> None:
    life.issued_at = life.issued_at or _moment(data["issued_at"])
    life.has_electronic_result |= any(paper.get("package") for paper in data["papers"])


def _returned(life: Life, _time: datetime, data: Data) -> None:
    life.returned_at = life.returned_at or _moment(data["returned_at"])


def _declined(life: Life, time: datetime, _data: Data) -> None:
    life.declined_at = time


def _withdrawn(life: Life, time: datetime, _data: Data) -> None:
    life.withdrawn_at = time


def _reused(life: Life, _time: datetime, data: Data) -> None:
    life.has_reuse = True
    life.has_reused_paper |= data.get("paper") is not None


def _paid(life: Life, _time: datetime, data: Data) -> None:
    life.has_duty |= data["status"] == "paid"
    life.is_paid_online |= data["status"] == "paid" and data["place"] in {"portal", "gateway"}


def _rated(life: Life, _time: datetime, data: Data) -> None:
    share = data["score"] / data["scale"]
    life.lowest_score = share if life.lowest_score is None else min(share, life.lowest_score)


def _synced(life: Life, _time: datetime, data: Data) -> None:
    life.is_synced |= data["counterpart"] == "portal" and data["outcome"] == "delivered"


def _marked(name: str) -> Callable[[Life, datetime, Data], None]:
    return lambda life, _time, _data: setattr(life, name, True)


def _complained(life: Life, _time: datetime, _data: Data) -> None:
    life.complaints += 1


def _consulted(life: Life, _time: datetime, _data: Data) -> None:
    life.opinions += 1


def _missed(life: Life, _time: datetime, data: Data) -> None:
    life.late_forwards += data["kind"] in {"forward", "forward_electronic"}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_CHANGES: Mapping[str, Callable[[Life, datetime, Data], None]] = {
    "dossier.submitted": _submitted,
    ACCEPTED: _accepted,
    "dossier.taken_over": _taken_over,
    "dossier.supplement_requested": _asked,
    "dossier.supplemented": _supplemented,
    "dossier.declined": _declined,
    "dossier.withdrawn": _withdrawn,
    "apology.sent": _apologised,
    "due.rescheduled": _rescheduled,
    "calendar.changed": _passed_over,
    "limit.moved": _moved,
    "result.issued": _issued,
    "result.returned": _returned,
    "copy.registered": _marked("has_copy"),
    "component.reused": _reused,
    "identity.matched": _marked("has_population_data"),
    "person_data.received": _marked("has_population_data"),
    "payment.requested": _marked("has_duty"),
    "payment.recorded": _paid,
    "rating.recorded": _rated,
    "complaint.recorded": _complained,
    "opinion.requested": _consulted,
    "sync.recorded": _synced,
    "deadline.missed": _missed,
}
COUNTED = tuple(_CHANGES)
"""Short names of the facts that are read."""
