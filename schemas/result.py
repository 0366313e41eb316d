"""The result: issued by the agency, returned by the one-stop, the post or the portal (Art. 17.10, 18)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import Digest
from schemas.loss import CostItem
from schemas.party import Officer
from schemas.types import (
    ComponentCode,
    Email,
    Instant,
    Line,
    OrganisationCode,
    PersonName,
    ReturnChannel,
    Text,
    in_words,
)


class ResultPaper(Wire):
    """One paper of the result; `mode`: on paper and electronically, or electronic only (Art. 17.10).

    `package` is the SHA-256 of its signed manifest in the store of documents: the competent person's
    signature and the agency's.
    """

    code: ComponentCode
    number: Line
    mode: Literal["paper_and_electronic", "electronic"] = "paper_and_electronic"
    package: Digest | None = None


class LeftOutPaper(Wire):
    """A published result of the procedure that does not apply to this dossier, and why (Art. 18.1)."""

    code: ComponentCode
    reason: Annotated[Text, in_words("rule.18.1.left_out")]


class _Result(Wire):
    papers: tuple[ResultPaper, ...] = Field(min_length=1, max_length=50)
    left_out: tuple[LeftOutPaper, ...] = Field(default=(), max_length=50)
    signer: Officer


class IssueResult(_Result, Request):
    """The competent person has signed the result and it is on its way to the one-stop.

    Each paper is one of those that are published for the procedure; those that do not apply are in
    `left_out`. `electronic` only where the applicant asked for it (`result_form` of the submission) or the
    procedure gives no other (17.10). A one-stop decides what it has accepted, and has not passed on, where
    its `signer` has an authority of the agency on record (6.2.c).
    """

    type: ClassVar[str] = "onestop.result.issue.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency", "counter"})


class ResultIssued(_Result, Fact):
    """The result is issued; `overdue_s` seconds late in all (0 in time); no later date takes them back.

    `decided_by` is the one-stop, where an officer of it decided with an authority of the agency (6.2.c).
    """

    type: ClassVar[str] = "onestop.result.issued.v1"
    agency: OrganisationCode
    decided_by: OrganisationCode | None = None
    issued_at: Instant
    overdue_s: int = Field(default=0, ge=0)


class _Return(Wire):
    channel: ReturnChannel
    papers: tuple[ComponentCode, ...] = Field(min_length=1, max_length=50)
    received_by: PersonName
    address: Email | None = None


class ReturnResult(_Return, Request):
    """The applicant has all papers of the result (Art. 18.1, 18.3).

    By `email` to the `address` from which the dossier came (Art. 13.4).
    """

    type: ClassVar[str] = "onestop.result.return.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "postal", "portal"})


class ResultReturned(_Return, Fact):
    """The result is in the applicant's hands; the dossier is finished."""

    type: ClassVar[str] = "onestop.result.returned.v1"
    returned_at: Instant


CorrectionKind = Literal["amended", "supplemented", "annulled", "replaced", "rectified"]
"""sửa đổi, bổ sung, bãi bỏ, thay thế, đính chính."""


class CorrectedPaper(Wire):
    """A wrong paper of the result by its code and number, and the `new` one; an annulled one has none."""

    code: ComponentCode
    number: Line
    kind: CorrectionKind
    new: ResultPaper | None = None


class _Correction(Wire):
    papers: tuple[CorrectedPaper, ...] = Field(min_length=1, max_length=50)
    fault: Literal["agency", "applicant", "other"]
    reason: Annotated[Text, in_words("rule.21.1.reason")]
    costs: tuple[CostItem, ...] = Field(default=(), max_length=50)
    signer: Officer


class CorrectResult(_Correction, Request):
    """A result is wrong: the agency amends, supplements, annuls, replaces or rectifies it (Art. 21.1).

    Where the fault is the agency's or its officer's, the applicant bears none of the `costs`. A new paper of
    a dossier that was returned already is returned again, and no other paper with it.
    """

    type: ClassVar[str] = "onestop.result.correct.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency"})


class ResultCorrected(_Correction, Fact):
    """The result is corrected; the wrong papers are of no use any more, also for other dossiers (17.10)."""

    type: ClassVar[str] = "onestop.result.corrected.v1"
    agency: OrganisationCode
    costs_total: int = Field(ge=0)
    corrected_at: Instant
