"""Whom we believe: configured roots, and the registry that binds a certificate to a person or an agency.

Roots, issuers and registry are data; nothing is fetched. Paths are remembered with the time in which all of
their certificates are valid.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate, ExtensionNotFound, KeyUsage
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from hub.errors import StartupError
from hub.signing.algorithms import PublicKey, public_key_of
from hub.signing.reason import Reason
from hub.signing.reason import VerificationError as RefusedError
from hub.signing.settings import SigningSettings

Role = Literal["digitiser", "signatory", "agency"]
"""Who answers for a copy (15.6.c); who is competent to sign results (17.10); the agency (17.1)."""

_MAX_PATHS = 10_000
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
"""What cryptography raises for certificates that are none, or of kinds that it does not know."""
_ROLES: frozenset[Role] = frozenset({"digitiser", "signatory", "agency"})


class TrustError(StartupError):
    """The folder with roots and signers cannot be used; names the file."""

    code = "signing.trust"


@dataclass(frozen=True, slots=True)
class Signer:
    """To whom a certificate belongs, and what it may sign; `account` and `name` are personal data."""

    certificate_sha256: str
    organisation: str
    roles: frozenset[Role]
    name: str
    account: str | None = None
    """The officer's account; None for an agency."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A signer's certificate, read, with its path: valid from the latest start to the earliest end."""

    key: PublicKey
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Trust:
    """What verification is measured against; the same trust and the same bytes give the same outcome."""

    roots: tuple[Certificate, ...]
    issuers: tuple[Certificate, ...]
    signers: dict[str, Signer]
    environment: str
    allows_pkcs1: bool = False
    max_delay: timedelta = timedelta(days=30)
    """How old a signature may be when it is received."""
    max_ahead: timedelta = timedelta(minutes=5)
    _store: list[Store] = field(default_factory=list, compare=False, repr=False)
    _paths: dict[tuple[bytes, ...], Leaf] = field(default_factory=dict, compare=False, repr=False)

    def signer_of(self, certificate: bytes) -> Signer:
        """To whom the certificate (DER) is bound; raises RefusedError(UNKNOWN_SIGNER)."""
        signer = self.signers.get(sha256(certificate).hexdigest())
        if signer is None:
            raise RefusedError(Reason.UNKNOWN_SIGNER)
        return signer

    def leaf(self, certificates: tuple[bytes, ...], at: datetime) -> Leaf:
        """The first certificate with a path to a root that is valid at `at`; raises RefusedError."""
        known = self._paths.get(certificates)
        if known is not None and known.valid_from <= at <= known.valid_until:
            return known
        leaf = self._find(certificates, at)
        if len(self._paths) >= _MAX_PATHS:
            self._paths.clear()
        self._paths[certificates] = leaf
        return leaf

    def _find(self, certificates: tuple[bytes, ...], at: datetime) -> Leaf:
        try:
            first, *others = [x509.load_der_x509_certificate(item) for item in certificates]
            key = public_key_of(first)
            if key is None:
                raise RefusedError(Reason.WEAK_KEY)
            _may_sign(first)
            path = self._path(first, [*others, *self.issuers], at)
        except _UNREADABLE as error:
            raise RefusedError(Reason.CERTIFICATE) from error
        valid_from = max(item.not_valid_before_utc for item in path)
        return Leaf(key, valid_from, min(item.not_valid_after_utc for item in path))

    def _path(self, leaf: Certificate, others: list[Certificate], at: datetime) -> list[Certificate]:
        if not self.roots:
            raise RefusedError(Reason.CHAIN)
        if not self._store:
            self._store.append(Store(list(self.roots)))
        builder = PolicyBuilder().store(self._store[0]).time(at.astimezone(UTC).replace(tzinfo=None))
        policies = builder.extension_policies(ca_policy=_CA, ee_policy=_END)
        try:
            return policies.build_client_verifier().verify(leaf, others).chain
        except VerificationError as error:
            raise RefusedError(Reason.CHAIN) from error


def trust_of(settings: SigningSettings, environment: str) -> Trust:
    """The trust of these settings; raises TrustError."""
    if settings.trust_folder is None:
        return Trust((), (), {}, environment, settings.allow_pkcs1)
    return read_trust(settings.trust_folder, environment, allows_pkcs1=settings.allow_pkcs1)


def read_trust(folder: Path, environment: str, *, allows_pkcs1: bool = False) -> Trust:
    """Trust from `roots.pem`, `issuers.pem` (may be missing) and `signers.json`; raises TrustError."""
    roots, issuers = _certificates(folder / "roots.pem"), folder / "issuers.pem"
    if not roots:
        raise TrustError(f"{folder / 'roots.pem'}: no certificate")
    return Trust(
        roots=roots,
        issuers=_certificates(issuers) if issuers.exists() else (),
        signers=_signers(folder / "signers.json"),
        environment=environment,
        allows_pkcs1=allows_pkcs1,
    )


def _certificates(file: Path) -> tuple[Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise TrustError(f"{file}: no readable PEM certificates") from error


def _signers(file: Path) -> dict[str, Signer]:
    try:
        signers = [_signer(item) for item in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrustError(f"{file}: not a list of signers") from error
    by_certificate = {signer.certificate_sha256: signer for signer in signers}
    if len(by_certificate) != len(signers):
        raise TrustError(f"{file}: a certificate is bound twice")
    return by_certificate


def _signer(item: dict[str, Any]) -> Signer:
    roles = frozenset(item["roles"])
    if not roles or not roles <= _ROLES or ("agency" in roles) != (item.get("account") is None):
        raise ValueError("roles")
    fields = (item["certificate_sha256"], item["organisation"], item["name"])
    if not all(isinstance(value, str) and value for value in fields) or len(fields[0]) != 64:
        raise ValueError("signer")
    return Signer(fields[0], fields[1], roles, fields[2], item.get("account"))


def _may_sign(certificate: Certificate) -> None:
    """The key usage must be stated, and allow signatures (digitalSignature or nonRepudiation)."""
    try:
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        raise RefusedError(Reason.KEY_USAGE) from None
    if not (usage.digital_signature or usage.content_commitment):
        raise RefusedError(Reason.KEY_USAGE)


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
_END = ExtensionPolicy.permit_all()
