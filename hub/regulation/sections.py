"""The sections of a regulation profile, each a frozen record that refuses unknown and missing fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from hub.regulation.calendar import DueMode
from hub.regulation.status import DossierStatus
from schemas.dossier import DeclineReason
from schemas.types import NoticeChannel

STRICT = ConfigDict(extra="forbid")

Channel = Literal["in_person", "post", "online", "email"]
"""How a dossier is lodged (Điều 13)."""
FormKind = Literal["receipt", "supplement", "refusal", "apology", "stop", "control_slip", "register"]
Stage = Literal["intake", "appraisal"]
ComplaintKind = Literal["reflection", "petition", "complaint", "denunciation"]
"""phản ánh, kiến nghị, khiếu nại, tố cáo."""
Relation = Literal["within_district", "within_province", "between_major_cities", "inter_province"]
"""How far apart the two ends of a postal leg lie (Thông tư 17/2017 Điều 7)."""

Minutes = Annotated[int, Field(ge=1, le=10_000)]

_Count = Annotated[int, Field(ge=0, le=1000)]


@dataclass(frozen=True, slots=True, config=STRICT)
class SessionHours:
    opens: time
    closes: time


@dataclass(frozen=True, slots=True, config=STRICT)
class Hours:
    """Opening hours (Điều 10); `weekdays` are ISO numbers."""

    weekdays: frozenset[Annotated[int, Field(ge=1, le=7)]]
    sessions: tuple[SessionHours, ...]
    opens_on_swap_days: bool
    outside_hours_acts: Literal["accept", "refuse"]


@dataclass(frozen=True, slots=True, config=STRICT)
class Intake:
    """Intake of dossiers (Điều 13-15)."""

    online_limit_working_hours: _Count
    online_starts: Literal["portal", "provincial"]
    email_as: Literal["online", "counter"]
    online_receipt: Literal["issue", "code_only"]
    channel_mix: Literal["allowed", "same"]
    mismatch_paper: Literal["component", "dossier"]
    scan_scope: Literal["listed", "all"]
    hand_check: Literal["recorded", "assumed"] = "assumed"
    """Whether the check of whom the population database does not know has to be on record (15.6.a)."""
    mismatch_identity: Literal["paper", "refuse"] = "refuse"
    """Whether a dossier is taken on paper where the database disagrees about who lodges (15.6.b)."""
    unasked_identity: Literal["paper", "wait"] = "wait"
    """The same where it has not answered, or could not be asked."""
    boundaries: Literal["listed", "free"] = "listed"
    """Whether beyond its own area a one-stop takes in only what the list of 4.7 names."""
    missing_papers: Literal["confirmed", "unsaid"] = "unsaid"
    """Whether an officer confirms each absent paper of which the list does not say it (14.3)."""
    unpublished_time: Literal["named", "refuse"] = "refuse"
    """Whether an officer names a handling time where no usable one is published (15.1.a)."""
    unsynced: Literal["mark", "ignore"] = "ignore"
    """Whether it is on record as a fault that the national portal did not take a change (15.3)."""
    decline_reasons: frozenset[DeclineReason] = frozenset(
        {"out_of_competence", "procedure_not_in_force", "not_entitled", "gaps_left"}
    )
    """For which the one-stop may decline (15.1.c); whether the dossier is eligible the agency says (17.8)."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Forward:
    """Transfer to the competent agency (Điều 16)."""

    paper_cutoff: time
    paper_grace_minutes: _Count
    paper_scope: Literal["all_paper", "in_person"]
    other_agency_electronic: Literal["immediately", "as_paper"]
    clock_starts: Literal["first_acceptance"]
    """Handling time runs from the first acceptance, wherever it was (16.3)."""
    electronic_working_minutes: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Until when the electronic dossier goes (16.1); None: one clock for both, which its transfer stops."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Supplement:
    """Requests to supplement (Điều 8.5.b, 14, 17.4)."""

    max_intake: _Count
    max_appraisal: _Count
    notice_working_days: _Count
    after: Literal["restart", "extend"]
    on_restart_receipt: Literal["reissue", "keep"]
    answers: Literal["each_point", "any"] = "any"
    """When the dossier is full again: all points of Form 02 are answered, or something has come."""

    def max_requests(self, stage: Stage) -> int:
        """How often a supplement may be requested in this stage."""
        return self.max_intake if stage == "intake" else self.max_appraisal


@dataclass(frozen=True, slots=True, config=STRICT)
class Handling:
    """The agency's own work (Điều 17)."""

    appraisal: Literal["required", "if_recorded"] = "if_recorded"
    """Whether result, Form 02 and refusal of an agency need an appraisal, or only fit one on record."""
    opinion_silence: Literal["wait", "proceed"] = "wait"
    """Whether a result waits for an opinion also after its limit: silence is no consent (17.5.b)."""
    paper_answers: Literal["filed", "letter"] = "letter"
    """Whether an answer on paper is kept as a digitised file, or its letter is named only (17.3.b)."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Interlinked:
    """Interlinked procedures (Điều 17.6, 17.7)."""

    mode_by: Literal["submission_form", "papers"] = "submission_form"
    """Whether parts go one after the other because it was lodged on paper, or because it has paper."""
    limits: Literal["inside", "free"] = "inside"
    """Whether the limits of all parts lie inside the handling time."""
    upper_one_stop: Literal["named", "if_named"] = "named"
    """Whether one of several has to be named that watches for an upper agency (17.7.a)."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Urging:
    """Reminders of the one-stop (Điều 6.3.b, 7.1)."""

    lead_working_days: _Count = 0
    """From how many working days before the day of a limit on it may be urged."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Due:
    """How the due time is computed and what a late act means."""

    mode: DueMode
    hour_unit: Literal["working", "clock"]
    one_day_with_cutoff: Literal["same_day", "next_day"]
    late_acts: Literal["record", "refuse"]
    pause_on_status: frozenset[DossierStatus]


@dataclass(frozen=True, slots=True, config=STRICT)
class Reschedule:
    """Apology and new date (Điều 17.9)."""

    max_count: _Count
    count_per: Literal["dossier", "run"]
    apology_lead_working_days: Annotated[int, Field(ge=1, le=30)]
    changed_by: Literal["one_stop", "hub"]


@dataclass(frozen=True, slots=True, config=STRICT)
class Returning:
    """Notices of the agency and return of the result (Điều 17.4, 17.8, 18)."""

    via_one_stop: Literal["pass", "confirm"]
    """What the agency decided is told to the applicant in the one-stop's name, or by the one-stop itself."""
    refusal_status: DossierStatus
    early_notice: Literal["separate", "delivery_counts"]
    result_signature: Literal["named", "electronic", "required"]
    """Of which papers of a result the signed package has to be named: those that are named anyway, those that
    are given electronically only, all (17.10)."""
    result_papers: Literal["catalogue", "any"] = "any"
    """Whether results are those that are published for the procedure (18.1)."""
    unannounced_early: Literal["accept", "record", "refuse"] = "accept"
    """What becomes of an early return that was not announced before (18.4)."""
    electronic_only: Literal["asked", "free"] = "free"
    """Whether there is no paper only where the applicant asked for none (17.10)."""
    papers_back_working_days: Annotated[int, Field(ge=1, le=200)] | None = None
    """Within which an agency hands back the papers with its Form 02 or refusal; None: it is not watched."""


@dataclass(frozen=True, slots=True, config=STRICT)
class AnswerDays:
    """Days of the calendar within which a complaint of each kind is answered."""

    reflection: _Count = 30
    petition: _Count = 30
    complaint: _Count = 30
    denunciation: _Count = 30


@dataclass(frozen=True, slots=True, config=STRICT)
class Feedback:
    """Ratings and complaints (Điều 3.1, 6.2.đ)."""

    rating_scale: Annotated[int, Field(ge=2, le=100)] = 5
    low_score: Annotated[int, Field(ge=1, le=100)] | None = None
    """Up to which a rating of an officer is told to the agency that posted him (9.2); None: none is."""
    answer_days: AnswerDays = AnswerDays()


@dataclass(frozen=True, slots=True, config=STRICT)
class FeeSettlement:
    """Fees settled per quarter (Điều 9.10)."""

    limit_working_days: Annotated[int, Field(ge=1, le=200)] | None = None
    """After the end of the quarter; None: no limit is watched."""


Every = Literal["month", "quarter", "year"]


@dataclass(frozen=True, slots=True, config=STRICT)
class PeriodicReport:
    """A report that is made of each period, on a working day after its end (Điều 7, 9.10, 20.1, 22.1)."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
    rule: str
    kind: Literal["work", "late", "settlement", "officers"]
    every: Every
    working_days: Annotated[int, Field(ge=1, le=60)]
    by: Literal["all", "organisation", "agency", "procedure", "channel", "level"] = "agency"
    scope: Literal["one_stop", "province"] = "one_stop"
    """One for each one-stop of its dossiers, or one of all for the office of the province."""
    to: Literal["one_stop", "above"] = "one_stop"
    """Who gets that of a one-stop: itself, or the office or committee that it belongs to."""


@dataclass(frozen=True, slots=True, config=STRICT)
class TicketQueue:
    """Numbers that are drawn at a one-stop (Điều 5.1.a, 5.1.d)."""

    priority: Literal["first", "own_desk"] = "first"
    """Whether elderly, pregnant and disabled people come first at every desk, or at reserved ones alone."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Officers:
    """Who acts at a one-stop (Điều 8, 9.2), where a roster is imported."""

    unlisted: Literal["ignore", "mark", "refuse"] = "ignore"
    """What becomes of an act that names nobody of the day's roster, or no authority to sign."""
    ranks: tuple[str, ...] = ()
    """Those that 8.4.b wants, in the words of the roster."""
    years_in_field: _Count = 0
    months_least: _Count = 0
    months_most: _Count = 1000
    """Of one posting (8.7)."""
    reserves: _Count = 0
    """Of each agency that posts officers (9.2)."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Notices:
    """Channels on which the applicant may be told (Điều 15.2.a, 17.9, 18.4)."""

    min_channels: Annotated[int, Field(ge=1, le=4)]
    """On how many of the agreed ways at once (15.2.a)."""
    intake: frozenset[NoticeChannel]
    reschedule: frozenset[NoticeChannel]
    early: frozenset[NoticeChannel]
    told_working_minutes: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Within which the applicant is told of a new time, or of a late answer; None: it is not watched."""


@dataclass(frozen=True, slots=True, config=STRICT)
class DossierCodeFormat:
    """Shape of the codes that are issued (Thông tư 01/2018 Điều 19)."""

    unit_pattern: str
    max_serial: Annotated[int, Field(ge=1, le=99_999)]
    """Of a unit and day; behind it nothing is accepted. From 10,000 on the code has a fifth digit."""

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            re.compile(self.unit_pattern)
        except re.error as error:
            raise ValueError(f"unit_pattern is no regular expression: {error}") from error
        return self


@dataclass(frozen=True, slots=True, config=STRICT)
class Transit:
    """Working days after the hand-over; `with_slip` when the appointment slip goes back to the applicant."""

    normal: _Count
    with_slip: _Count


@dataclass(frozen=True, slots=True, config=STRICT)
class ComplaintAnswer:
    same_province: _Count
    inter_province: _Count


@dataclass(frozen=True, slots=True, config=STRICT)
class Postal:
    """Public post (Thông tư 17/2017/TT-BTTTT)."""

    invitations: _Count
    invitation_gap_working_days: Annotated[int, Field(ge=1, le=30)]
    complaint_months: _Count
    complaint_answer_working_days: ComplaintAnswer
    keep_paper_years: _Count
    keep_electronic_years: _Count
    transit: Mapping[Relation, Transit]
    compensation_times_charge: _Count = 4
    """At least so many times the charge is paid for what the post lost (NĐ 47/2011 Điều 24-27)."""
    compensation_days: _Count = 30
    """Within so many days after its liability was put down in writing."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Form:
    """A printed or electronic form; its number belongs to the profile."""

    number: Annotated[str, Field(pattern=r"^\d{2}$")]
    kind: FormKind
    vi: str
    en: str
    paper: Literal["A4", "A5"]
