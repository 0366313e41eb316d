"""What verification gives: the verified manifest with its signatures, or the one reason against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.signing.manifest import Manifest
from hub.signing.reason import Reason
from hub.signing.trust import Signer


@dataclass(frozen=True, slots=True)
class Signature:
    """One verified signature: who, when by its own word, and between when its certificates are all valid."""

    signer: Signer
    signed_at: datetime
    valid_from: datetime
    valid_until: datetime
    algorithm: str
    value_bytes: bytes
    """ds:SignatureValue in canonical form; never an identity of the signature (it can be changed)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that holds; the manifest is read from `manifest_bytes`, the very bytes that were signed."""

    manifest: Manifest
    manifest_bytes: bytes
    manifest_sha256: str
    officer: Signature
    agency: Signature | None = None


@dataclass(frozen=True, slots=True)
class NotVerified:
    """The first thing found wrong; `who` is the signature at fault where it is one."""

    reason: Reason
    who: str | None = None


Outcome = Verified | NotVerified
