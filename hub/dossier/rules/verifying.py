"""Verification (Art. 17.3): appointments with applicants, and the file of what was found."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.copies import file_refusal, files_of
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import Dossier
from schemas.base import Request
from schemas.verification import (
    RecordVerification,
    ScheduleVerification,
    VerificationRecorded,
    VerificationScheduled,
)


@rule("17.3.b", "A verification that is on file is neither moved nor recorded again")
def verification_is_open(
    dossier: Dossier, request: ScheduleVerification | RecordVerification, context: Context
) -> Refused | None:
    """Another one gets another name."""
    known = dossier.verifications.get(request.verification)
    if known is not None and known.is_recorded:
        return conflict(dossier, context, "state.verification_recorded", "17.3.b")
    return None


@rule("17.3.b", "An appointment says where, with whom and about what")
def appointment_is_in_words(
    _dossier: Dossier, request: ScheduleVerification, _context: Context
) -> Refused | None:
    """Blank words say nothing."""
    texts = {"/place": request.place, "/content": request.content} | {
        f"/participants/{index}/name": one.name for index, one in enumerate(request.participants)
    }
    faults = tuple(path for path, text in texts.items() if not text.strip())
    return Refused("rule.17.3.b.blank", rule="17.3.b", fields=faults) if faults else None


@rule("17.3.b", "An appointment lies ahead")
def appointment_lies_ahead(
    _dossier: Dossier, request: ScheduleVerification, context: Context
) -> Refused | None:
    """Who has to come must be able to."""
    if request.at > context.now:
        return None
    return Refused("rule.17.3.b.past", rule="17.3.b", fields=("/at",))


_SCHEDULE: tuple[Check[Dossier, ScheduleVerification], ...] = (
    verification_is_open,
    appointment_is_in_words,
    appointment_lies_ahead,
)


def schedule(dossier: Dossier, request: ScheduleVerification, context: Context) -> Decision:
    """The appointment stands; the one-stop is told, and an applicant who agreed to a way."""
    if (refused := first_refusal(_SCHEDULE, dossier, request, context)) is not None:
        return refused
    fact = VerificationScheduled(
        verification=request.verification,
        officer=request.officer,
        at=request.at,
        place=request.place,
        participants=request.participants,
        content=request.content,
        agency=dossier.agency,
    )
    return Accepted((fact,), ids_of(_SCHEDULE))


@rule("17.3.b", "The record says what was found, or why nothing was held")
def findings_are_in_words(
    _dossier: Dossier, request: RecordVerification, _context: Context
) -> Refused | None:
    """Blank words say nothing."""
    if request.findings.strip():
        return None
    return Refused("rule.17.3.b.findings", rule="17.3.b", fields=("/findings",))


@rule("17.3.b", "A verification is recorded when it was")
def verified_meanwhile(dossier: Dossier, request: RecordVerification, context: Context) -> Refused | None:
    """Between acceptance and now."""
    begin = dossier.accepted_at or dossier.submitted_at
    if begin <= request.verified_at <= context.now:
        return None
    return Refused("rule.17.3.b.time", rule="17.3.b", fields=("/verified_at",))


@rule("17.3.b", "A verification is kept as a digitised file, unless a law provides otherwise")
def file_is_there(_dossier: Dossier, request: RecordVerification, _context: Context) -> Refused | None:
    """The file's package, or the law that is the exception; one that was not held has no file."""
    if request.exception is not None and not request.exception.strip():
        return Refused("rule.17.3.b.file", rule="17.3.b", fields=("/exception",))
    if request.outcome == "not_held" or request.package is not None or request.exception is not None:
        return None
    return Refused("rule.17.3.b.file", rule="17.3.b", fields=("/package", "/exception"))


@rule("17.3.b", "The file is of this verification, signed by an officer of the agency")
def file_is_of_this_verification(
    _dossier: Dossier, request: RecordVerification, context: Context
) -> Refused | None:
    """A signature that is good elsewhere is none here."""
    if request.package is None:
        return None
    return file_refusal(request.package, request.verification, "17.3.b", context)


_RECORD: tuple[Check[Dossier, RecordVerification], ...] = (
    verification_is_open,
    findings_are_in_words,
    verified_meanwhile,
    file_is_there,
    file_is_of_this_verification,
)


def record(dossier: Dossier, request: RecordVerification, context: Context) -> Decision:
    """The verification is on file."""
    if (refused := first_refusal(_RECORD, dossier, request, context)) is not None:
        return refused
    fact = VerificationRecorded(
        verification=request.verification,
        officer=request.officer,
        outcome=request.outcome,
        findings=request.findings,
        verified_at=request.verified_at,
        package=request.package,
        exception=request.exception,
        agency=dossier.agency,
        files=files_of(request.package, context),
    )
    return Accepted((fact,), ids_of(_RECORD))


@rule("17.3.b", "A result waits until each verification is on file")
def verifications_are_on_file(dossier: Dossier, _request: Request, context: Context) -> Refused | None:
    """One that did not come about is recorded as not held."""
    if all(one.is_recorded for one in dossier.verifications.values()):
        return None
    return conflict(dossier, context, "rule.17.3.b.open", "17.3.b")
