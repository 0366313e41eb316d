"""What the facts of one dossier add up to: all that the rules need, and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, final

from msgspec import Struct, field

from hub.regulation.law import LawVersions
from hub.regulation.sections import Relation, Stage
from schemas.case import AppraisalOutcome
from schemas.due import TimerKind
from schemas.feedback import ComplaintAbout, ComplaintKind
from schemas.identity import UnavailableCause
from schemas.loss import LossKind
from schemas.notice import AgreedChannel, NoticePurpose
from schemas.payment import FeeKind, PaymentStatus
from schemas.pickup import Direction, PickupStatus
from schemas.types import Channel, NoticeChannel, ReturnChannel

Status = Literal[
    "submitted",  # lodged; the one-stop checks it (15.1, 15.2)
    "awaiting_supplement",  # Form 02 is out; `supplement_stage` tells whose (14.2, 17.4)
    "accepted",  # Form 01: has its code and its due time (15.1.a)
    "forwarded",  # on its way to the competent agency (16)
    "received",  # the agency has it (16.1)
    "in_process",  # an officer of the agency has the case (17.1)
    "result_issued",  # signed, on its way to the one-stop (17.10)
    "declined",  # Form 03 (15.1.c, 17.8)
    "withdrawn",  # taken back by the applicant
    "returned",  # the applicant has the whole result (18)
]
Outcome = Literal["none", "requested", "matched", "mismatched", "unavailable"]
OrderStatus = PickupStatus | Literal["ordered", "cancelled"]
VERSION = 2
"""Of the stored form: raised with a new upcaster in `hub.dossier.state.codec`."""

POST, APPLICANT = "post", "applicant"


class Timer(Struct, frozen=True, gc=False, array_like=True):
    """A moment that the law watches; its name in `Dossier.timers` is unique within the dossier."""

    kind: TimerKind
    due_at: datetime
    near_at: datetime | None = None  # when it is told that the limit is near; None once that was told


class Holding(Struct, frozen=True, gc=False, array_like=True):
    """A component as the dossier holds it; on paper unless electronic."""

    code: str
    originals: int
    copies: int
    electronic: bool
    is_digitised: bool = False
    """A signed copy has to be there before the dossier is forwarded (15.6.c)."""

    @property
    def is_paper(self) -> bool:
        """Whether somebody has to carry it."""
        return not self.electronic and self.originals + self.copies > 0


class IdentityCheck(Struct, frozen=True, gc=False, array_like=True):
    """The latest check of a party: three answers, never two (15.6.a); `check` is its id."""

    outcome: Outcome = "none"
    check: str | None = None
    cause: UnavailableCause | None = None
    """Why it is unavailable."""


class SharedData(Struct, frozen=True, gc=False, array_like=True):
    """What a lookup brought (15.6.b): the fields by name, never a value, and until when they may be used."""

    usable_until: datetime
    fields: tuple[str, ...]


class Copy(Struct, frozen=True, gc=False, array_like=True):
    """The digitised copy of a component: digests of the stored package and of the signed manifest in it."""

    package: str
    manifest: str
    is_certified: bool = False


class Verification(Struct, frozen=True, gc=False, array_like=True):
    """A verification of the agency (17.3): its appointment, and whether it is on file."""

    at: datetime | None = None
    is_recorded: bool = False


class Opinion(Struct, frozen=True, gc=False, array_like=True):
    """An opinion that was asked for (17.5): of which agency, by which one, and until when."""

    of: str
    by: str
    answer_by: datetime
    is_given: bool = False
    is_counted: bool = False
    """In working days; else until a moment that the asker named."""


class Leg(Struct, frozen=True, gc=False, array_like=True):
    """A part of an interlinked dossier (17.6): whose it is, its time, and the parts that it needs."""

    of: str
    working_days: int
    needs: tuple[str, ...]
    by_slip: bool
    """It starts when it is passed on with a slip; others as soon as what they need is done."""
    status: Literal["planned", "started", "done", "not_done"] = "planned"
    finish_by: datetime | None = None
    """Its limit from its start on."""


class HandOver(Struct, frozen=True, gc=False, array_like=True):
    """Papers that left the giver and are not confirmed; holders as in `Dossier.custody`."""

    giver: str
    receiver: str
    papers: tuple[str, ...]


class Pickup(Struct, frozen=True, gc=False, array_like=True):
    """A postal order: the status of the latest report by its own time, and the moments that count."""

    direction: Direction
    organisation: str
    """Whose customer code is used."""
    status: OrderStatus
    relation: Relation
    status_at: datetime
    failed_at: tuple[datetime, ...] = ()
    """Distinct failed deliveries, ascending."""
    cash: int = 0
    cash_collected: int = 0
    cash_remitted: int = 0
    papers: tuple[str, ...] = ()
    """What it carries, where the order names it."""
    giver: str | None = None
    """The organisation that the post took them from."""

    @property
    def is_open(self) -> bool:
        """Whether the post still has something to do."""
        return self.status not in _CLOSED

    def is_news(self, status: PickupStatus, at: datetime) -> bool:
        """Whether a report with this time says where the parcel is now; reports come out of order."""
        return status not in _NO_TRANSPORT and (self.status == "ordered" or at >= self.status_at)

    def failures_with(self, status: PickupStatus, at: datetime) -> tuple[datetime, ...]:
        """The failed deliveries after this report; the same one reported twice counts once."""
        if status != "delivery_failed" or at in self.failed_at or len(self.failed_at) >= _MOST_FAILURES:
            return self.failed_at
        return tuple(sorted((*self.failed_at, at)))


_MOST_FAILURES = 100
_NO_TRANSPORT = frozenset({"unknown", "damaged", "cod_collected", "cod_remitted"})
"""Reports that say nothing about where the parcel is."""


class Payment(Struct, frozen=True, gc=False, array_like=True):
    """A payment that was asked for or made: đồng, and (kind, amount, quantity, basis) of each item."""

    status: Literal["requested"] | PaymentStatus
    total: int
    items: tuple[tuple[FeeKind, int, int, str | None], ...] = ()


class Complaint(Struct, frozen=True, gc=False, array_like=True):
    """What somebody complained about, who deals with it and until when it is answered (6.2.đ)."""

    kind: ComplaintKind
    about: ComplaintAbout
    handler: str
    answer_by: datetime
    is_open: bool = True


class Inquiry(Struct, frozen=True, gc=False, array_like=True):
    """An organisation asked another one (6.3.a)."""

    by: str
    to: str
    is_open: bool = True


class Original(Struct, frozen=True, gc=False, array_like=True):
    """An original that an office took (18.2); `return_by` is the time of the law of the sector."""

    component: str
    return_by: datetime | None = None


class Loss(Struct, frozen=True, gc=False, array_like=True):
    """Papers that were lost, mislaid or damaged; `gone` are those that nothing came instead of."""

    kind: LossKind
    holder: str
    papers: tuple[str, ...]
    is_open: bool = True
    gone: tuple[str, ...] = ()


class Notice(Struct, frozen=True, gc=False, array_like=True):
    """Something that the applicant has to be told, and on which way it goes now; open until that was done."""

    purpose: NoticePurpose
    rule: str
    channel: NoticeChannel
    is_open: bool = True
    due_at: datetime | None = None
    competent: str | None = None
    amount: int | None = None
    status: PickupStatus | None = None


_CLOSED: frozenset[OrderStatus] = frozenset({"cancelled", "handed_over", "delivered", "returned", "lost"})


@final
class Dossier(
    Struct, frozen=True, omit_defaults=True, tag_field="v", tag=VERSION, forbid_unknown_fields=True
):
    """The state of one dossier; times are aware; organisations are codes; no name, number or address.

    `custody` names per paper who holds it: an organisation's code, `post` or `applicant`.
    """

    status: Status
    procedure: str
    organisation: str
    """The one-stop that takes it in and returns the result."""
    agency: str
    """The competent agency."""
    channel: Channel
    return_channel: ReturnChannel
    submitted_by: str
    """Name of the participant that sent the submission."""
    submitted_at: datetime
    """Legal time of submission; by post the signing of the minutes (QĐ 45/2016 Điều 7)."""
    law: LawVersions
    """In force at submission, then at acceptance: from there on it decides the dossier for life (3.7)."""
    sequence: int
    components: tuple[Holding, ...] = ()
    sets: int = 1
    is_owner_checked_by_hand: bool = False
    """The population database does not know such applicants: organisations, foreigners (15.6.a)."""
    has_proxy: bool = False
    papers_checked: tuple[str, ...] = ()
    """`owner`, `proxy`: whose paper an officer saw (15.6.a)."""
    owner: IdentityCheck = IdentityCheck()
    proxy: IdentityCheck = IdentityCheck()
    intake_limit: datetime | None = None
    """Until when the one-stop must answer an online dossier (15.2)."""
    code: str | None = None
    accepted_at: datetime | None = None
    handling: str | None = None
    """The published time, as `5 WORKING_DAY`."""
    counted_from: datetime | None = None
    """When handling time began: acceptance, or the supplement after which it is counted anew (17.4)."""
    due_at: datetime | None = None
    supplements_intake: int = 0
    supplements_appraisal: int = 0
    supplement_stage: Stage | None = None
    supplement_requested_at: datetime | None = None
    open_points: tuple[tuple[int, str], ...] = ()
    """Points of Form 02 without an answer: number, and the component that it asks for (or nothing)."""
    resumes_as: Status | None = None
    """The status after the supplement that is awaited."""
    appraisal: AppraisalOutcome | None = None
    """What the agency's last appraisal found (17.2); none after a supplement."""
    notice_limit: datetime | None = None
    """Until when Form 02 follows the appraisal that asks for it (17.4)."""
    verifications: Mapping[str, Verification] = field(default_factory=dict)
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    legs: Mapping[str, Leg] = field(default_factory=dict)
    """Parts of an interlinked dossier, in their order."""
    sent_to: str | None = None
    """The competent agency's own one-stop, where the dossier went there (16.3)."""
    watched_by: str | None = None
    """The one-stop of an upper agency, which watches (17.7.a)."""
    reminders: Mapping[str, int] = field(default_factory=dict)
    """How often the one-stop urged about each limit, by the name of its timer (6.3.b)."""
    apologies: int = 0
    apology_due_at: datetime | None = None
    """The time that Form 04 proposes, until the one-stop has entered it."""
    measured_due_at: datetime | None = None
    """After Form 04 the time by which delay counts (17.9); a late one leaves it where it was."""
    overdue_s: int = 0
    """Delay of before the clock started anew (17.4): nothing takes it back."""
    reschedules: int = 0
    is_electronic_only: bool = False
    """The applicant asked for the electronic result only (17.10)."""
    result_papers: tuple[str, ...] = ()
    results_left_out: tuple[str, ...] = ()
    """Published results that do not apply, as the agency said with its reason (18.1)."""
    corrections: Mapping[str, datetime] = field(default_factory=dict)
    """When a paper of the result was corrected last, by its code (21.1)."""
    to_return_again: tuple[str, ...] = ()
    """Corrected papers of a returned dossier that the applicant has not got yet."""
    shared_data: Mapping[str, SharedData] = field(default_factory=dict)
    """By the check whose lookup brought them."""
    reused: tuple[str, ...] = ()
    """Components taken from what the administration has: not asked for again (15.5)."""
    accounts: tuple[str, ...] = ()
    """Systems on which the applicant was given an account (15.6.a)."""
    mismatches: tuple[str, ...] = ()
    """Components whose paper disagrees with a database: the paper counts (15.6.b)."""
    paper_limit: datetime | None = None
    """Until when the one-stop hands on the papers that it holds (16.2)."""
    digitised: Mapping[str, Copy] = field(default_factory=dict)
    """Signed copies by component."""
    custody: Mapping[str, str] = field(default_factory=dict)
    hand_overs: tuple[HandOver, ...] = ()
    losses: Mapping[str, Loss] = field(default_factory=dict)
    """By their names in this dossier (21.2)."""
    originals: Mapping[str, Original] = field(default_factory=dict)
    """By the names under which they are in `custody` (18.2)."""
    archived_at: datetime | None = None
    ratings: Mapping[str, int] = field(default_factory=dict)
    """By the side that was rated (3.1)."""
    complaints: Mapping[str, Complaint] = field(default_factory=dict)
    questions: Mapping[str, Inquiry] = field(default_factory=dict)
    is_early_told: bool = False
    """The applicant knows that the result can be had before its time (18.4)."""
    notice_ways: tuple[AgreedChannel, ...] = ()
    """On which ways the applicant agreed to be told, the first one first; addresses are sealed apart."""
    notices: Mapping[str, Notice] = field(default_factory=dict)
    pickups: Mapping[str, Pickup] = field(default_factory=dict)
    timers: Mapping[str, Timer] = field(default_factory=dict)
    payments: Mapping[str, Payment] = field(default_factory=dict)

    def supplements(self, stage: Stage) -> int:
        """How often a supplement was requested in this stage."""
        return self.supplements_intake if stage == "intake" else self.supplements_appraisal

    @property
    def asked_timers(self) -> tuple[str, ...]:
        """Names of the timers of opinions and parts that are awaited."""
        return tuple([name for name, timer in self.timers.items() if timer.kind in {"opinion", "leg"}])

    @property
    def open_legs(self) -> tuple[str, ...]:
        """Parts that are not finished and can be: those that need what was not done never start."""
        stuck: set[str] = set()
        for name, leg in self.legs.items():
            if leg.status == "not_done" or not stuck.isdisjoint(leg.needs):
                stuck.add(name)
        return tuple(name for name, leg in self.legs.items() if leg.status != "done" and name not in stuck)

    def is_ready(self, leg: Leg) -> bool:
        """Whether all that a planned part needs is done."""
        return leg.status == "planned" and all(self.legs[name].status == "done" for name in leg.needs)

    @property
    def measure(self) -> datetime | None:
        """The due time by which the dossier is late."""
        return self.measured_due_at or self.due_at

    @property
    def paper_codes(self) -> tuple[str, ...]:
        """The components that are on paper."""
        return tuple([item.code for item in self.components if item.is_paper])

    @property
    def papers_under_way(self) -> frozenset[str]:
        """Papers that left a hand and are not confirmed by the next."""
        return frozenset([paper for hand_over in self.hand_overs for paper in hand_over.papers])

    @property
    def papers_of_open_losses(self) -> frozenset[str]:
        """Papers whose loss or damage is not settled."""
        return frozenset(paper for loss in self.losses.values() if loss.is_open for paper in loss.papers)

    @property
    def missing_papers(self) -> frozenset[str]:
        """Papers that nobody can hand on: lost and not settled, or gone for good."""
        losses = self.losses.values()
        lost = {paper for loss in losses if loss.is_open and loss.kind != "damaged" for paper in loss.papers}
        return frozenset(lost | {paper for loss in losses for paper in loss.gone})

    @property
    def open_originals(self) -> frozenset[str]:
        """Originals that the applicant has not got back."""
        return frozenset(name for name in self.originals if self.custody[name] != APPLICANT)

    @property
    def asked_organisations(self) -> frozenset[str]:
        """Who deals or dealt with a complaint or a question of this dossier."""
        handlers = [complaint.handler for complaint in self.complaints.values()]
        return frozenset([*handlers, *[question.to for question in self.questions.values()]])
