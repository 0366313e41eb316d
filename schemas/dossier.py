"""The dossier itself: lodged, accepted, supplemented, declined, withdrawn, forwarded, received."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.copy import HeldCopy
from schemas.leg_plan import LegPlan
from schemas.notice import NoticeWish
from schemas.party import Officer, Party, Proxy
from schemas.together import Ruled, Together
from schemas.types import (
    Account,
    Channel,
    ComponentCode,
    DossierCode,
    Email,
    FormNumber,
    Instant,
    Line,
    Mailbox,
    OrganisationCode,
    ProcedureCode,
    ReturnChannel,
    Text,
    in_words,
)


class Component(Wire):
    """A paper of the dossier with the number of originals and copies (thành phần hồ sơ).

    `digitised`: it has to have a signed digitised copy before the dossier is forwarded (Art. 15.6.c).
    Who sends may add that; what the list in force has digitised, and what was marked before, stays so.
    """

    code: ComponentCode
    originals: int = Field(ge=0, le=99)
    copies: int = Field(default=0, ge=0, le=99)
    electronic: bool = False
    digitised: bool = False


Components = tuple[Component, ...]


class Gap(Wire):
    """What is missing or wrong, and why (Form 02).

    `purpose` when it is there but has to be seen again: a reused component only to `verify` it (Art. 15.5).
    """

    component: ComponentCode | None = None
    reason: Annotated[Text, in_words("rule.15.1.b", "rule.17.4.reason")]
    purpose: Literal["update", "verify"] | None = None


class _Submission(Wire):
    procedure: ProcedureCode
    organisation: OrganisationCode
    agency: OrganisationCode
    channel: Channel
    return_channel: ReturnChannel
    applicant: Party
    proxy: Proxy | None = None
    components: Components = Field(max_length=100)
    sets: int = Field(default=1, ge=1, le=99)
    mailbox: Mailbox | None = None
    sender_address: Email | None = None
    assisted_by: Account | None = None
    result_form: Literal["paper_and_electronic", "electronic"] = "paper_and_electronic"
    summary: Text | None = None
    notices: NoticeWish | None = None


class SubmitDossier(_Submission, Request):
    """An applicant lodges a dossier: `organisation` is the one-stop, `agency` the competent one (Art. 13).

    `result_form`: the applicant may ask for the electronic result only (Art. 17.10). `notices`: where the
    applicant agreed to be told of the dossier (Art. 15.2.a, 17.9, 18.4). By `email`, `mailbox` is the
    published one to which it came and `sender_address` the address from which (Art. 13.4).
    """

    type: ClassVar[str] = "onestop.dossier.submit.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})
    subject: ClassVar[Subject] = "new"


class DossierSubmitted(_Submission, Fact):
    """The dossier is lodged; `intake_limit` is the end of the 8 working hours of Art. 15.2 (online only).

    They run from `received_at`, when the system received it: the portal by the time of its message.
    """

    type: ClassVar[str] = "onestop.dossier.submitted.v1"
    submitted_at: Instant
    received_at: Instant | None = None
    intake_limit: Instant | None = None


class NamedTime(Wire):
    """A time that an officer names, and where it stands: no usable one is published (Art. 15.1.a)."""

    time: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2} (WORKING_DAY|DAY|HOUR|MONTH)$")]
    source: Annotated[Line, in_words("handling_time.named")]


class AcceptDossier(Request):
    """The officer takes the dossier as complete (Art. 15.1.a, 15.2.b), exactly as published (14.3).

    `case` names the published handling time when the catalogue has several for this channel. `not_needed`
    names each published paper that is not there and that this dossier does not need, where list and
    administrator do not say it (`need` in the directory): the officer confirms it. `named_time` is for a
    channel for which no usable time is published.
    """

    type: ClassVar[str] = "onestop.dossier.accept.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})
    officer: Officer
    components: Components = Field(max_length=100)
    sets: int = Field(default=1, ge=1, le=99)
    case: Line | None = None
    named_time: NamedTime | None = None
    not_needed: tuple[ComponentCode, ...] = Field(default=(), max_length=200)
    form_01: bool = True


class IdentityKnown(Wire):
    """What is known of the applicant: the last check's outcome, and whether an officer saw the paper."""

    outcome: Literal["none", "requested", "matched", "mismatched", "unavailable"]
    paper_checked: bool


class DossierAccepted(Fact):
    """Form 01: the code and the due time; `handling` is the catalogue's time, as `5 WORKING_DAY`.

    `identity` is what was known of the applicant: a mismatch, or no answer, is taken on paper (15.6.b).
    `handed_in` are the papers that came over the counter beside those lodged there.
    `not_needed` are published papers of which the officer confirmed that this dossier does without them.
    `named_time` says where the time stands that the officer named, since no usable one is published.
    """

    type: ClassVar[str] = "onestop.dossier.accepted.v1"
    code: DossierCode
    procedure: ProcedureCode
    organisation: OrganisationCode
    agency: OrganisationCode
    officer: Officer
    components: Components
    sets: int
    handling: Line
    accepted_at: Instant
    due_at: Instant
    handed_in: tuple[ComponentCode, ...] | None = None
    form: Literal["01"] | None = "01"
    identity: IdentityKnown | None = None
    not_needed: tuple[ComponentCode, ...] = ()
    named_time: NamedTime | None = None


class Followed(Wire):
    """An organisation that is not there any more, and who follows it."""

    former: OrganisationCode
    successor: OrganisationCode


class DossierTakenOver(Fact):
    """After a merger, successors go on with an open dossier: `organisation` and `agency` from now on.

    `followed` are all organisations of the dossier that changed, holders of papers too.
    """

    type: ClassVar[str] = "onestop.dossier.taken_over.v1"
    organisation: OrganisationCode
    agency: OrganisationCode
    followed: tuple[Followed, ...] = Field(min_length=1)


class RequestSupplement(Request):
    """Form 02: what to supplement and why, once per stage (Art. 8.5.b, 14.2, 17.4)."""

    type: ClassVar[str] = "onestop.dossier.request_supplement.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})
    officer: Officer
    stage: Literal["intake", "appraisal"]
    gaps: tuple[Gap, ...] = Field(min_length=1, max_length=50)
    guidance: Text | None = None


class SupplementRequested(Fact):
    """Form 02 went out; `overdue_s` seconds after the due time, which starting anew does not take back."""

    type: ClassVar[str] = "onestop.dossier.supplement_requested.v1"
    officer: Officer
    stage: Literal["intake", "appraisal"]
    gaps: tuple[Gap, ...]
    guidance: Text | None = None
    overdue_s: int = Field(default=0, ge=0)
    form: Literal["02"] = "02"


class PointAnswer(Wire):
    """An answer in words to a point of Form 02, by its number there, from 1."""

    point: int = Field(ge=1, le=50)
    answer: Annotated[Text, in_words("rule.14.1.blank")]


class SupplementDossier(Request):
    """The applicant supplements: the papers that are brought, and answers to points of Form 02 (Art. 14.1).

    A point that names a component is answered by bringing it. What the dossier holds stays in it. It is full,
    and the clock starts anew, when no point is open, or when an officer of the one-stop takes it so, as
    `taken_by`.
    """

    type: ClassVar[str] = "onestop.dossier.supplement.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})
    components: Components = Field(max_length=100)
    answers: tuple[PointAnswer, ...] = Field(default=(), max_length=50)
    taken_by: Officer | None = None


class SupplementAdded(Fact):
    """Something of what Form 02 asks for has come; the dossier waits for the answers to `open_points`.

    `handed_in` are the papers that were given at the counter.
    """

    type: ClassVar[str] = "onestop.dossier.supplement_added.v1"
    components: Components
    answers: tuple[PointAnswer, ...] = ()
    open_points: tuple[int, ...]
    handed_in: tuple[ComponentCode, ...] | None = None
    added_at: Instant


class DossierSupplemented(Fact):
    """The dossier is full again; handling time starts anew (Art. 17.4): `due_at` is the new due time.

    `components` is all that it holds; `open_points` are those with which the officer `taken_by` took it;
    `handed_in` are the papers that were given at the counter. `form` is the receipt that is issued anew (01).
    """

    type: ClassVar[str] = "onestop.dossier.supplemented.v1"
    components: Components
    answers: tuple[PointAnswer, ...] = ()
    open_points: tuple[int, ...] = ()
    taken_by: Officer | None = None
    handed_in: tuple[ComponentCode, ...] | None = None
    supplemented_at: Instant
    due_at: Instant | None = None
    form: FormNumber | None = None


DeclineReason = Literal[
    "out_of_competence", "procedure_not_in_force", "not_entitled", "gaps_left", "not_eligible"
]


class DeclineDossier(Request, Ruled):
    """Form 03: the one-stop or the agency declines, with the reason (Art. 15.1.c, 17.8).

    At intake not for `not_eligible`, which the agency's appraisal finds; for `gaps_left` after Form 02 only.
    """

    rules: ClassVar[tuple[Together, ...]] = (
        Together(("competent",), least=1, when=("reason", ("out_of_competence",)), rule="rule.15.2.a"),
    )

    type: ClassVar[str] = "onestop.dossier.decline.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})
    officer: Officer
    reason: DeclineReason
    explanation: Annotated[Text, in_words("rule.15.1.c", "rule.17.8")]
    competent: OrganisationCode | None = None


class DossierDeclined(Fact):
    """Form 03 went out; `status` of the ten codes is what others show of the agency's refusal (17.8)."""

    type: ClassVar[str] = "onestop.dossier.declined.v1"
    officer: Officer
    reason: DeclineReason
    explanation: Text
    competent: OrganisationCode | None = None
    mode: Literal["refuse_intake", "refuse_resolution"]
    status: int | None = Field(default=None, ge=1, le=10)
    form: Literal["03"] = "03"


class WithdrawDossier(Request):
    """The applicant takes the dossier back."""

    type: ClassVar[str] = "onestop.dossier.withdraw.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})
    reason: Text | None = None


class DossierWithdrawn(Fact):
    """The applicant took the dossier back; `form` is the one that tells of it, where the set has one (05)."""

    type: ClassVar[str] = "onestop.dossier.withdrawn.v1"
    reason: Text | None = None
    form: FormNumber | None = None


class ForwardDossier(Request):
    """The one-stop transfers the dossier to the competent agency, or to that agency's own one-stop (Art. 16).

    For the latter `to` and `one_stop` are the same (16.3); beside an upper agency its `one_stop` watches
    (17.7.a). `legs` are the parts of an interlinked dossier, which the agency leads: on paper in the order in
    which it goes from one to the next (17.6.a), electronically all at once (17.6.b).
    """

    type: ClassVar[str] = "onestop.dossier.forward.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})
    officer: Officer
    to: OrganisationCode
    one_stop: OrganisationCode | None = None
    legs: tuple[LegPlan, ...] = Field(default=(), max_length=20)


class DossierForwarded(Fact):
    """The dossier is transferred; the agency gets what it needs to work on it, `copies` by their digests.

    `identity` is what is known of the applicant; a later answer of the population database is told too.
    """

    type: ClassVar[str] = "onestop.dossier.forwarded.v1"
    officer: Officer
    to: OrganisationCode
    code: DossierCode
    procedure: ProcedureCode
    components: Components
    copies: tuple[HeldCopy, ...] = ()
    applicant: Party
    due_at: Instant
    identity: IdentityKnown | None = None


class DossierWatched(Fact):
    """The one-stop of an upper agency is told of a dossier that went to this agency, to watch it (17.7.a)."""

    type: ClassVar[str] = "onestop.dossier.watched.v1"
    watched_by: OrganisationCode
    organisation: OrganisationCode
    agency: OrganisationCode
    code: DossierCode
    procedure: ProcedureCode
    due_at: Instant


class ReceiveDossier(Request):
    """The agency has the electronic dossier (Art. 16.1)."""

    type: ClassVar[str] = "onestop.dossier.receive.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency", "counter"})
    officer: Officer


class DossierReceived(Fact):
    """The agency acknowledged the electronic dossier."""

    type: ClassVar[str] = "onestop.dossier.received.v1"
    officer: Officer
    agency: OrganisationCode
