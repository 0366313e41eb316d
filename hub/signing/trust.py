"""Whom we believe: configured roots, and the registry that binds a certificate to a person or an agency.

Roots, issuers and registry are data; nothing is fetched. Paths are remembered with the time in which all of
their certificates are valid.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate

from hub.regulation.registers import each_once
from hub.settings.signing import SigningSettings
from hub.signing.algorithms import PublicKey, public_key_of
from hub.signing.errors import TrustError
from hub.signing.errors import VerificationError as RefusedError
from hub.signing.paths import find_path, may_sign
from hub.signing.reason import Reason

Role = Literal["digitiser", "signatory", "agency"]
"""Who answers for a copy (15.6.c); who is competent to sign results (17.10); the agency (17.1)."""

_MAX_PATHS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
"""What cryptography raises for certificates that are none, or of kinds that it does not know."""
_ROLES: frozenset[Role] = frozenset({"digitiser", "signatory", "agency"})


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
            may_sign(first)
            path = find_path(first, [*others, *self.issuers], self.roots, at)
        except UNREADABLE as error:
            raise RefusedError(Reason.CERTIFICATE) from error
        valid_from = max(item.not_valid_before_utc for item in path)
        return Leaf(key, valid_from, min(item.not_valid_after_utc for item in path))


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
        listed = list(json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=each_once))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise TrustError(f"{file}: not a list of signers ({error})") from error
    signers = []
    for number, item in enumerate(listed, 1):
        try:
            signers.append(_signer(item))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrustError(f"{file}: signer {number}: {error} is missing or wrong") from error
    by_certificate = {signer.certificate_sha256: signer for signer in signers}
    if len(by_certificate) != len(signers):
        raise TrustError(f"{file}: a certificate is bound twice")
    return by_certificate


def _signer(item: dict[str, Any]) -> Signer:
    """A digest may be written with upper-case letters and colons, as other tools print it."""
    roles = frozenset(item["roles"])
    if not roles or not roles <= _ROLES or ("agency" in roles) != (item.get("account") is None):
        raise ValueError("roles")
    fields = (item["certificate_sha256"], item["organisation"], item["name"])
    if not all(isinstance(value, str) and value for value in fields):
        raise ValueError("certificate_sha256, organisation or name")
    fingerprint = fields[0].replace(":", "").lower()
    if not _SHA256.fullmatch(fingerprint):
        raise ValueError("certificate_sha256")
    return Signer(fingerprint, fields[1], roles, fields[2], item.get("account"))
