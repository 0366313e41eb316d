"""Certification paths: from a signer's certificate to a configured root, as of a moment (pure, RFC 5280).

The verifier of `cryptography` decides. It knows no certificate policies, qualified statements or places of
revocation lists, and refuses every certificate that marks one of them as critical; a path with such marks is
walked here, and taken where they restrict nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.x509 import Certificate, ExtendedKeyUsage, Extension, ExtensionNotFound, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, ObjectIdentifier
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as PathError

from hub.signing.algorithms import algorithm_of, public_key_of
from hub.signing.errors import VerificationError
from hub.signing.reason import Reason

Kind = TypeVar("Kind", bound=x509.ExtensionType)

_MAX_LENGTH = 6
_SIGNS = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing (RFC 9336)
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft's document signing
        ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe's
    }
)
"""Purposes of a person's or an organisation's certificate; one for servers or time-stamps alone has none."""
_KNOWN = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,  # no policy is asked for, so any will do
        ExtensionOID.CRL_DISTRIBUTION_POINTS,  # say where to look, not what is allowed
        ObjectIdentifier("1.3.6.1.5.5.7.1.3"),  # statements about a qualified certificate (RFC 3739)
    }
)
"""Critical marks that restrict nothing here, or that are looked at."""
_HASHES = (SHA256, SHA384, SHA512)


def may_sign(certificate: Certificate) -> None:
    """Key usage must be stated and allow signatures, and a stated purpose must be one of a signer."""
    usage = _find(certificate, KeyUsage)
    if usage is None or not (usage.value.digital_signature or usage.value.content_commitment):
        raise VerificationError(Reason.KEY_USAGE)
    purposes = _find(certificate, ExtendedKeyUsage)
    if purposes is not None and _SIGNS.isdisjoint(purposes.value):
        raise VerificationError(Reason.KEY_USAGE)


def find_path(
    leaf: Certificate, others: Sequence[Certificate], roots: Sequence[Certificate], at: datetime
) -> list[Certificate]:
    """The certificates from `leaf` to a root, all valid at `at`.

    Raises VerificationError with CHAIN, or with CRITICAL_EXTENSION when the only paths carry a critical
    restriction that nobody here evaluates; ValueError and its like for certificates that cannot be read.
    """
    if not roots:
        raise VerificationError(Reason.CHAIN)
    builder = PolicyBuilder().store(Store(list(roots))).time(at.astimezone(UTC).replace(tzinfo=None))
    policies = builder.extension_policies(ca_policy=_CA, ee_policy=ExtensionPolicy.permit_all())
    try:
        return policies.build_client_verifier().verify(leaf, list(others)).chain
    except PathError as error:
        return _walked(leaf, others, roots, at, error)


def _walked(
    leaf: Certificate,
    others: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
    error: PathError,
) -> list[Certificate]:
    reason = Reason.CHAIN
    for path in _paths([leaf], others, roots, at):
        if all(extension.oid in _KNOWN for item in path for extension in _critical(item)):
            if any(_find(item, x509.NameConstraints) for item in path):
                reason = Reason.CRITICAL_EXTENSION
                continue
            return path
        reason = Reason.CRITICAL_EXTENSION
    raise VerificationError(reason) from error


def _paths(
    path: list[Certificate], others: Sequence[Certificate], roots: Sequence[Certificate], at: datetime
) -> Iterator[list[Certificate]]:
    """All ways to a root by names, signatures, times and the constraints of authorities."""
    last = path[-1]
    for issuer in (*roots, *others):
        if issuer in path or not _issued(issuer, last, len(path) - 1, at):
            continue
        if issuer in roots:
            yield [*path, issuer]
        elif len(path) < _MAX_LENGTH:
            yield from _paths([*path, issuer], others, roots, at)


def _issued(issuer: Certificate, certificate: Certificate, below: int, at: datetime) -> bool:
    """`below`: how many authorities stand between the issuer and the signer."""
    if certificate.issuer != issuer.subject or not isinstance(certificate.signature_hash_algorithm, _HASHES):
        return False
    is_valid = all(
        item.not_valid_before_utc <= at <= item.not_valid_after_utc for item in (issuer, certificate)
    )
    constraints, usage = _find(issuer, x509.BasicConstraints), _find(issuer, KeyUsage)
    key = public_key_of(issuer)
    if not is_valid or constraints is None or not constraints.value.ca or key is None:
        return False
    if algorithm_of(key) is None:
        return False
    if usage is not None and not usage.value.key_cert_sign:
        return False
    if constraints.value.path_length is not None and below > constraints.value.path_length:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _critical(certificate: Certificate) -> Iterator[Extension[x509.ExtensionType]]:
    return (extension for extension in certificate.extensions if extension.critical)


def _find(certificate: Certificate, kind: type[Kind]) -> Extension[Kind] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except ExtensionNotFound:
        return None


def _is_authority(_policy: Policy, _certificate: Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer whose key may not sign certificates")


def _is_ca(_policy: Policy, _certificate: Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an issuer that is no authority")


# Issuers of real signatures often lack what the web's rules want (critical constraints, key identifiers).
_CA = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca)
    .may_be_present(KeyUsage, Criticality.AGNOSTIC, _is_authority)
)
