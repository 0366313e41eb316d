"""Identity checks against the National Population Database: three outcomes, never two (Art. 15.6.a)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.person_data import PersonField
from schemas.together import Ruled, Together
from schemas.types import (
    Account,
    BirthDate,
    BirthYear,
    IdentityNumber,
    Instant,
    Line,
    OldIdentityNumber,
    OrganisationCode,
    PaperNumber,
    PersonName,
    ProcedureCode,
    Reference,
)


class Person(Ruled):
    """Whom to ask about: a number, the name, and the date or at least the year of birth."""

    rules: ClassVar[tuple[Together, ...]] = (
        Together(("identity_number", "old_identity_number"), least=1),
        Together(("birth_date", "birth_year"), least=1),
    )
    identity_number: IdentityNumber | None = None
    old_identity_number: OldIdentityNumber | None = None
    name: PersonName
    birth_date: BirthDate | None = None
    birth_year: BirthYear | None = None


IdentityPaper = Literal["identity_card", "travel_document", "registration", "establishment", "other"]
"""Thẻ căn cước; hộ chiếu, giấy tờ đi lại quốc tế; giấy chứng nhận đăng ký; quyết định thành lập; another."""


class _HandCheck(Wire):
    party: Literal["owner", "proxy"] = "owner"
    paper: IdentityPaper
    number: PaperNumber
    officer: Officer


class CheckIdentity(_HandCheck, Request):
    """An officer saw the paper of the applicant or the proxy (Art. 15.6.a, 15.6.b).

    Needed before acceptance for whom the population database does not know: enterprises and other
    organisations, foreigners. For citizens it lets the dossier be taken on paper while the database answers
    otherwise or not at all. `number` is that of the person or organisation as the paper shows it.
    """

    type: ClassVar[str] = "onestop.identity.check.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})


class IdentityChecked(_HandCheck, Fact):
    """The officer saw the paper; number and officer are sealed."""

    type: ClassVar[str] = "onestop.identity.checked.v1"
    checked_at: Instant


class VerifyIdentity(Request):
    """Ask the population database whether number, name and birth fit; `officer_account` asks (NĐ 47/2020).

    `person` is the applicant (`owner`) or the proxy as the submission names them: nobody else is asked about.

    `wanted` names data that the procedure needs and the licence allows: left out, all that the licence
    allows; empty, none. Only a counter may want any, since the data go to the dossier's one-stop alone.
    """

    type: ClassVar[str] = "onestop.identity.verify.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal", "hub"})
    party: Literal["owner", "proxy"] = "owner"
    person: Person
    officer_account: Account
    wanted: tuple[PersonField, ...] | None = Field(default=None, max_length=20)


class IdentityCheckRequested(Fact):
    """The check goes to `population`; `check` (<= 40 characters) is MaYeuCau, `procedure` is MaDVC.

    `asked_by` is the role that asks, by which the licence decides who may be given data.
    """

    type: ClassVar[str] = "onestop.identity.check_requested.v1"
    check: Reference
    party: Literal["owner", "proxy"]
    person: Person
    officer_account: Account
    procedure: ProcedureCode
    organisation: OrganisationCode
    wanted: tuple[PersonField, ...] | None = None
    asked_by: Role | None = None


IdentityOutcome = Literal["matched", "mismatched", "unavailable"]
UnavailableCause = Literal["away", "not_licensed", "officer", "question"]
"""Why nobody was asked: no answer came; procedure or unit lacks the right; the officer's account lacks it;
the question or its answer is of no use. Each has a next step of its own."""


class ReportIdentity(Request):
    """The adapter's answer to one check; `unavailable` (could not ask) names why and is no mismatch."""

    type: ClassVar[str] = "onestop.identity.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"population"})
    check: Reference
    outcome: IdentityOutcome
    asked_at: Instant
    cause: UnavailableCause | None = None
    reason: Line | None = None
    reason_vi: Line | None = None
    reason_en: Line | None = None


class _Answer(Wire):
    check: Reference
    party: Literal["owner", "proxy"]
    asked_at: Instant


class IdentityMatched(_Answer, Fact):
    """Number, name and birth fit the population database."""

    type: ClassVar[str] = "onestop.identity.matched.v1"


class IdentityMismatched(_Answer, Fact):
    """The population database knows no such person."""

    type: ClassVar[str] = "onestop.identity.mismatched.v1"


class IdentityUnavailable(_Answer, Fact):
    """The population database could not be asked; `cause` says what has to be done before asking again."""

    type: ClassVar[str] = "onestop.identity.unavailable.v1"
    cause: UnavailableCause = "away"
    reason: Line
    reason_vi: Line
    reason_en: Line
