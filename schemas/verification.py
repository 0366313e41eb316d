"""Verification (thẩm tra, xác minh): appointments, and the file of what was found (Art. 17.3)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import CopyFile, Digest
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import AddressLine, Instant, Line, OrganisationCode, PersonName, Text, in_words

_ROLES: frozenset[Role] = frozenset({"agency"})

VerificationName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
"""The agency's own word for one verification of a dossier: printable ASCII without spaces."""


class Participant(Wire):
    """Who takes part in a verification, and as what (thành phần)."""

    name: Annotated[PersonName, in_words("rule.17.3.b.blank")]
    part: Line | None = None


class _Appointment(Wire):
    verification: VerificationName
    officer: Officer
    at: Instant
    place: Annotated[AddressLine, in_words("rule.17.3.b.blank")]
    participants: tuple[Participant, ...] = Field(min_length=1, max_length=50)
    content: Annotated[Text, in_words("rule.17.3.b.blank")]


class ScheduleVerification(_Appointment, Request):
    """Applicants have to be there: time, place, who takes part, and what is verified (Art. 17.3.b).

    The same name again moves the appointment, until the verification is on file.
    """

    type: ClassVar[str] = "onestop.verification.schedule.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class VerificationScheduled(_Appointment, Fact):
    """The appointment stands; the applicant is told on the agreed way, and else by the one-stop."""

    type: ClassVar[str] = "onestop.verification.scheduled.v1"
    agency: OrganisationCode


class _Record(Wire):
    verification: VerificationName
    officer: Officer
    outcome: Literal["confirmed", "not_confirmed", "not_held"]
    findings: Annotated[Text, in_words("rule.17.3.b.findings")]
    verified_at: Instant
    package: Digest | None = None
    exception: Annotated[Line, in_words("rule.17.3.b.file")] | None = None


class RecordVerification(_Record, Request, Ruled):
    """A verification is over; one without an appointment is recorded right away (Art. 17.3.b).

    `package` is the digitised file of it, signed as copies are, with the name of the verification in place of
    a component; `exception` is the law that provides otherwise. One that was `not_held` needs neither.
    """

    rules: ClassVar[tuple[Together, ...]] = (
        Together(
            ("package", "exception"),
            least=1,
            when=("outcome", ("confirmed", "not_confirmed")),
            rule="rule.17.3.b.file",
        ),
    )

    type: ClassVar[str] = "onestop.verification.record.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class VerificationRecorded(_Record, Fact):
    """What the verification showed; `files` are those of its package."""

    type: ClassVar[str] = "onestop.verification.recorded.v1"
    agency: OrganisationCode
    files: tuple[CopyFile, ...] = ()
