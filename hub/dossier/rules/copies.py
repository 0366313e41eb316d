"""Digitised copies and signed results (Art. 15.6.c, 17.1, 17.10): who signed what, before which step."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError, WaitError
from hub.dossier.rules.digitising import required
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, is_agency
from hub.dossier.state.model import Dossier
from hub.dossier.verification import AwayCopy, SignedBy, UnverifiedCopy, VerifiedCopy
from hub.regulation.clock import local_day
from schemas.base import Request
from schemas.component import ReuseComponent
from schemas.copy import CertifyCopy, CopyCertified, CopyFile, CopyRegistered, RegisterCopy
from schemas.dossier import ForwardDossier
from schemas.opinion import GiveOpinion
from schemas.party import Officer
from schemas.result import CorrectResult, IssueResult, ResultPaper
from schemas.verification import RecordVerification

_NAME_PACKAGES = frozenset(
    {RegisterCopy, CertifyCopy, IssueResult, CorrectResult, ReuseComponent, RecordVerification, GiveOpinion}
)


def packages_of(request: Request) -> tuple[str, ...]:
    """Digests of the signed packages whose outcomes the context must hold to decide this request."""
    if type(request) not in _NAME_PACKAGES:
        return ()
    if isinstance(request, RegisterCopy | CertifyCopy):
        return (request.package,)
    if isinstance(request, IssueResult):
        return tuple(paper.package for paper in request.papers if paper.package is not None)
    if isinstance(request, CorrectResult):
        news = (paper.new for paper in request.papers)
        return tuple(new.package for new in news if new is not None and new.package is not None)
    if isinstance(request, ReuseComponent) and request.paper is not None:
        return (request.paper.package,)
    if isinstance(request, RecordVerification | GiveOpinion) and request.package is not None:
        return (request.package,)
    return ()


def outcome_of(package: str, context: Context) -> VerifiedCopy | UnverifiedCopy:
    """What the verification of a package has shown.

    Raises ContextError when it was not brought, WaitError while the store of documents is away.
    """
    outcome = context.copies.get(package)
    if outcome is None:
        raise ContextError("the outcome of a package's verification is missing")
    if isinstance(outcome, AwayCopy):
        raise WaitError("the store of documents does not answer")
    return outcome


def _verified(package: str, context: Context) -> VerifiedCopy:
    outcome = outcome_of(package, context)
    assert isinstance(outcome, VerifiedCopy)
    return outcome


def wire_files(copy: VerifiedCopy) -> tuple[CopyFile, ...]:
    """The files of a package as facts name them."""
    return tuple(
        CopyFile(digest=file.digest, size=file.size, media_type=file.media_type, pages=file.pages)
        for file in copy.files
    )


def _is_sound(package: str, field: str, rule_id: str, context: Context) -> Refused | None:
    outcome = outcome_of(package, context)
    if isinstance(outcome, UnverifiedCopy):
        return Refused(outcome.code, rule=rule_id, fields=(field,))
    return None


def file_refusal(package: str, name: str, rule_id: str, context: Context) -> Refused | None:
    """Whether a package is the file of what has this name in the dossier, signed by an officer of the sender.

    A signature that is good elsewhere is none here.
    """
    copy = outcome_of(package, context)
    if isinstance(copy, UnverifiedCopy):
        return Refused(copy.code, rule=rule_id, fields=("/package",))
    assert isinstance(copy, VerifiedCopy)
    if not copy.officer.is_timely(context.now):
        return Refused("signature.signing_time", rule=rule_id, fields=("/package",))
    is_this = (copy.purpose, copy.dossier, copy.component) == ("copy", context.dossier_id, name)
    if is_this and copy.officer.organisation in context.sender.organisations:
        return None
    return Refused("rule.17.3.b.other_file", rule=rule_id, fields=("/package",))


def files_of(package: str | None, context: Context) -> tuple[CopyFile, ...]:
    """The files of a package that was found right; none without one."""
    copy = outcome_of(package, context) if package is not None else None
    return () if copy is None or isinstance(copy, UnverifiedCopy) else wire_files(copy)


@rule("4.1", "An organisation signs as itself with a certificate that its register names for that day")
def certificate_is_of_the_register(signed: SignedBy, context: Context) -> Refused | None:
    """By the day of signing; of an organisation without any the list of signers alone says it."""
    certificates = context.registers.organisations.certificates_of(signed.organisation)
    day = local_day(signed.signed_at)
    if not certificates or any(
        one.certificate_sha256 == signed.certificate and one.is_there(day) for one in certificates
    ):
        return None
    return Refused("organisation.other_certificate", rule="4.1")


# Registration


@rule("15.6.c1", "A copy is registered for a component that the dossier holds")
def component_is_held(dossier: Dossier, request: RegisterCopy, _context: Context) -> Refused | None:
    """Scans of what was not handed in are no copies."""
    if request.component in {item.code for item in dossier.components}:
        return None
    return Refused("rule.15.6.c1", rule="15.6.c1", fields=("/component",))


@rule("15.6.c2", "The officer's signature over the copy holds")
def officer_has_signed(_dossier: Dossier, request: RegisterCopy, context: Context) -> Refused | None:
    """The one reason of the verifier, or a signature received too late or too early."""
    if (refused := _is_sound(request.package, "/package", "15.6.c2", context)) is not None:
        return refused
    if not _verified(request.package, context).officer.is_timely(context.now):
        return Refused("signature.signing_time", rule="15.6.c2", fields=("/package",))
    return None


@rule("15.6.c1", "The manifest is of this dossier, this component and these files")
def manifest_is_of_this_copy(_dossier: Dossier, request: RegisterCopy, context: Context) -> Refused | None:
    """A signature that is good elsewhere is none here."""
    copy = _verified(request.package, context)
    faults = []
    if (copy.purpose, copy.dossier, copy.component) != ("copy", context.dossier_id, request.component):
        faults.append("/package")
    if tuple(file.digest for file in copy.files) != request.files:
        faults.append("/files")
    return Refused("rule.15.6.c1", rule="15.6.c1", fields=tuple(faults)) if faults else None


@rule("15.6.c1", "Who digitised answers for the copy: the signer is the officer named, of the sender's own")
def officer_answers(_dossier: Dossier, request: RegisterCopy, context: Context) -> Refused | None:
    """The certificate's account and organisation, not what the request says of itself."""
    signed = _verified(request.package, context).officer
    if signed.account == request.officer.account and signed.organisation in context.sender.organisations:
        return None
    return Refused("rule.15.6.c1.officer", rule="15.6.c1", fields=("/officer",))


@rule("17.1", "A certified copy is not replaced")
def copy_is_open(dossier: Dossier, request: RegisterCopy, context: Context) -> Refused | None:
    """Until the agency has certified it, a better scan takes its place."""
    known = dossier.digitised.get(request.component)
    return conflict(dossier, context, rule="17.1") if known is not None and known.is_certified else None


_REGISTER: tuple[Check[Dossier, RegisterCopy], ...] = (
    component_is_held,
    copy_is_open,
    officer_has_signed,
    manifest_is_of_this_copy,
    officer_answers,
)


def register(dossier: Dossier, request: RegisterCopy, context: Context) -> Decision:
    """The signed copy belongs to the dossier."""
    if (refused := first_refusal(_REGISTER, dossier, request, context)) is not None:
        return refused
    copy = _verified(request.package, context)
    fact = CopyRegistered(
        component=request.component,
        package=request.package,
        manifest=copy.manifest,
        files=wire_files(copy),
        officer=request.officer,
        organisation=copy.officer.organisation,
        signed_at=copy.officer.signed_at,
        registered_at=context.now,
    )
    return Accepted((fact,), ids_of(_REGISTER))


# Forwarding


@rule("15.6.c2", "Every required copy is signed before the dossier is transferred")
def copies_are_signed(dossier: Dossier, _request: ForwardDossier, context: Context) -> Refused | None:
    """A registered copy is a signed one."""
    if all(code in dossier.digitised for code in required(dossier, context)):
        return None
    return Refused("rule.15.6.c2", rule="15.6.c2", state=dossier.status, possible=(RegisterCopy.type,))


# Certification


@rule("17.1", "Only the competent agency certifies, and only a registered copy, once")
def copy_is_registered(dossier: Dossier, request: CertifyCopy, context: Context) -> Refused | None:
    """The true copy is one of what the one-stop digitised."""
    known = dossier.digitised.get(request.component)
    if known is None:
        return Refused("rule.17.1", rule="17.1", fields=("/component",))
    return conflict(dossier, context, rule="17.1") if known.is_certified else None


@rule("17.1", "The agency's signature stands over the manifest that was registered")
def agency_has_signed(dossier: Dossier, request: CertifyCopy, context: Context) -> Refused | None:
    """Its officer's signature was timely when it was registered; now the agency's has to be."""
    if (refused := _is_sound(request.package, "/package", "17.1", context)) is not None:
        return refused
    copy = _verified(request.package, context)
    if copy.agency is None:
        return Refused("signature.not_signed_by_agency", rule="17.1", fields=("/package",))
    if not copy.agency.is_timely(context.now):
        return Refused("signature.signing_time", rule="17.1", fields=("/package",))
    if copy.agency.organisation != dossier.agency or not is_agency(dossier, context.sender):
        return Refused("signature.wrong_role", rule="17.1", fields=("/package",))
    if (refused := certificate_is_of_the_register(copy.agency, context)) is not None:
        return Refused(refused.code, rule="17.1", fields=("/package",))
    if copy.manifest != dossier.digitised[request.component].manifest:
        return Refused("rule.17.1", rule="17.1", fields=("/package",))
    return None


_CERTIFY: tuple[Check[Dossier, CertifyCopy], ...] = (copy_is_registered, agency_has_signed)


def certify(dossier: Dossier, request: CertifyCopy, context: Context) -> Decision:
    """The copy is a true copy of the agency."""
    if (refused := first_refusal(_CERTIFY, dossier, request, context)) is not None:
        return refused
    copy = _verified(request.package, context)
    assert copy.agency is not None
    fact = CopyCertified(
        component=request.component,
        package=request.package,
        manifest=copy.manifest,
        agency=copy.agency.organisation,
        officer=request.officer,
        signed_at=copy.agency.signed_at,
        certified_at=context.now,
    )
    return Accepted((fact,), ids_of(_CERTIFY))


# Results


@rule("17.10", "The result is signed by a competent person and by the agency")
def result_is_signed(dossier: Dossier, request: IssueResult, context: Context) -> Refused | None:
    """Each paper that names a package, and those of which the profile wants one, is signed by both."""
    for index, paper in enumerate(request.papers):
        field = f"/papers/{index}/package"
        if (refused := unsigned_paper(paper, field, dossier, request.signer, context)) is not None:
            return refused
    return None


def unsigned_paper(
    paper: ResultPaper, field: str, dossier: Dossier, signer: Officer, context: Context
) -> Refused | None:
    """What is wrong with the signatures of one paper of a result, if anything is."""
    if paper.package is None:
        wanted = context.law.profile.returning.result_signature
        must = wanted == "required" or (wanted == "electronic" and paper.mode == "electronic")
        return Refused("rule.17.10.signature", rule="17.10", fields=(field,)) if must else None
    if (refused := _is_sound(paper.package, field, "17.10", context)) is not None:
        return refused
    code = _wrong_result(_verified(paper.package, context), paper.code, dossier, signer, context)
    return Refused(code, rule="17.10", fields=(field,)) if code is not None else None


def _wrong_result(
    copy: VerifiedCopy, code: str, dossier: Dossier, signer: Officer, context: Context
) -> str | None:
    if (copy.purpose, copy.dossier, copy.component) != ("result", context.dossier_id, code):
        return "rule.17.10.manifest"
    if copy.agency is None:
        return "signature.not_signed_by_agency"
    signatures: tuple[SignedBy, SignedBy] = (copy.officer, copy.agency)
    officers_of = {dossier.agency}
    if not is_agency(dossier, context.sender):
        officers_of.add(dossier.organisation)  # it decides itself (6.2.c)
    if copy.officer.organisation not in officers_of or copy.agency.organisation != dossier.agency:
        return "signature.wrong_role"
    if (refused := certificate_is_of_the_register(copy.agency, context)) is not None:
        return refused.code
    if copy.officer.account != signer.account:
        return "rule.17.10.signer"
    return None if all(item.is_timely(context.now) for item in signatures) else "signature.signing_time"
