"""Ratings and complaints of applicants, and their answers (Art. 3.1, 6.2.đ, 7.5, 20.2, 27)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import (
    Account,
    Holder,
    Instant,
    Line,
    NoticeChannel,
    OrganisationCode,
    PersonName,
    Reference,
    Text,
    in_words,
)

ComplaintKind = Literal["reflection", "petition", "complaint", "denunciation"]
"""phản ánh, kiến nghị, khiếu nại, tố cáo."""
ComplaintAbout = Literal["official", "agency", "post", "rule"]
Way = Literal["counter", "portal", "phone", "mail", "page"]


class _Rating(Wire):
    about: Literal["one_stop", "agency", "post"]
    score: Annotated[int, Field(ge=1, le=100)]
    way: Literal["counter", "kiosk", "portal", "phone", "page"]
    official: PersonName | None = None
    official_account: Account | None = None
    comment: Text | None = None


class RecordRating(_Rating, Request):
    """The applicant rates how the dossier was dealt with, each side once (Art. 3.1).

    `score` is on the scale of the profile (`feedback.rating_scale`), 1 the worst. `official_account` is whom
    it is about, as the roster names him (Art. 9.2).
    """

    type: ClassVar[str] = "onestop.rating.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal", "public"})


class RatingRecorded(_Rating, Fact):
    """A rating is on record; `organisation` was rated, none for the post.

    `told_to` is the agency that posted the officer there, where the rating is a low one (Art. 9.2).
    """

    type: ClassVar[str] = "onestop.rating.recorded.v1"
    scale: int
    organisation: OrganisationCode | None = None
    told_to: OrganisationCode | None = None


class _Complaint(Ruled):
    rules: ClassVar[tuple[Together, ...]] = (
        Together(("official",), least=1, when=("about", ("official",)), rule="rule.6.2.đ.official"),
    )
    kind: ComplaintKind
    about: ComplaintAbout
    way: Way
    text: Annotated[Text, in_words("rule.6.2.đ.blank")]
    complainant: PersonName
    official: Annotated[PersonName, in_words("rule.6.2.đ.official")] | None = None
    order: Reference | None = None


class RecordComplaint(_Complaint, Request):
    """Somebody reflects, petitions, complains or denounces in a matter of this dossier (Art. 6.2.đ).

    About the `post` it names the order (TT 17/2017 Đ8), about an `official` the name; `rule` is a rule that
    is unlawful or cannot be carried out (8.5.d, 27).
    """

    type: ClassVar[str] = "onestop.complaint.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal", "agency", "public"})


class _Lodged(Wire):
    """What somebody lodges that names no dossier."""

    organisation: OrganisationCode
    kind: ComplaintKind
    about: Literal["official", "agency", "rule"]
    way: Way
    text: Text
    complainant: PersonName
    official: PersonName | None = None
    concerns: OrganisationCode | None = None
    provision: Line | None = None


class LodgeComplaint(_Lodged, Request):
    """Somebody reflects, petitions, complains or denounces in a matter of no dossier (Art. 6.2.đ, 8.5.d, 27).

    `organisation` is the one-stop that takes it in; `concerns` whom it is about. About a `rule` that is
    unlawful, or cannot be carried out, it names the `provision`.
    """

    type: ClassVar[str] = "onestop.complaint.lodge.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal", "public"})
    subject: ClassVar[Subject] = "none"


class ComplaintLodged(_Lodged, Fact):
    """The one-stop has it; `complaint` names it in the matter, until `answer_by` it is answered."""

    type: ClassVar[str] = "onestop.complaint.lodged.v1"
    complaint: Reference
    handler: OrganisationCode
    answer_by: Instant


class ComplaintRecorded(_Complaint, Fact):
    """The one-stop has it; `complaint` names it in the dossier, until `answer_by` it is answered."""

    type: ClassVar[str] = "onestop.complaint.recorded.v1"
    complaint: Reference
    handler: OrganisationCode
    answer_by: Instant


class _Forwarding(Wire):
    complaint: Reference
    to: Holder
    summary: Annotated[Text, in_words("rule.6.2.đ.blank")]
    officer: Officer


class ForwardComplaint(_Forwarding, Request):
    """The one-stop reports it to who is competent: an organisation, or the post (Art. 6.2.đ, 20.2)."""

    type: ClassVar[str] = "onestop.complaint.forward.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})


class ComplaintForwarded(_Forwarding, Fact):
    """`to` deals with it; its time goes on. It reads in `summary` what the complaint is."""

    type: ClassVar[str] = "onestop.complaint.forwarded.v1"
    kind: ComplaintKind
    about: ComplaintAbout
    answer_by: Instant


class _Answer(Wire):
    complaint: Reference
    outcome: Literal["upheld", "partly", "not_upheld", "explained"]
    answer: Annotated[Text, in_words("rule.6.2.đ.blank")]
    official_outcome: Text | None = None
    told_by: NoticeChannel | Literal["in_person", "letter", "portal"]
    told_at: Instant
    officer: Officer


class AnswerComplaint(_Answer, Request):
    """Who deals with it, or the one-stop in its name, has told the complainant (6.2.đ, 7.5).

    `official_outcome`: what was done about an official whose violation was found.
    """

    type: ClassVar[str] = "onestop.complaint.answer.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})


class ComplaintAnswered(_Answer, Fact):
    """The complainant knows the outcome."""

    type: ClassVar[str] = "onestop.complaint.answered.v1"
    handler: Holder
