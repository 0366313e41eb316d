"""Digitised copies: registered with their officer's signature, certified by the agency (Art. 15.6.c, 17.1).

Neither scans nor manifests travel here: `package` is the SHA-256 of the signed manifest in the store of
documents, and each file stands there under its own.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import ComponentCode, Instant, OrganisationCode, Personal

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in lower-case hex: the name of a stored document."""
ManifestDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Personal()]
"""SHA-256 of a manifest: it names the owner by number, so who has the rest could find that by trying."""


class RegisterCopy(Request):
    """A scanned paper is in the store with its signed manifest; the officer answers for it (15.6.c).

    `files` are the digests of the scans, in the order of the manifest; `officer` is who signed.
    """

    type: ClassVar[str] = "onestop.copy.register.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})
    component: ComponentCode
    package: Digest
    files: tuple[Digest, ...] = Field(min_length=1, max_length=100)
    officer: Officer


class CopyFile(Wire):
    """One file of a copy as its manifest names it; `size` in bytes."""

    digest: Digest
    size: int = Field(ge=1)
    media_type: Annotated[str, StringConstraints(max_length=121, pattern=r"^[a-z]+/[a-z0-9.+-]+$")]
    pages: int = Field(ge=1)


class HeldCopy(Wire):
    """The signed copy of a component: its package, and the manifest that an agency certifies."""

    component: ComponentCode
    package: Digest
    manifest: ManifestDigest


class CopyRegistered(Fact):
    """The digitised copy belongs to the dossier; its officer's signature was verified.

    `manifest` is the SHA-256 of the signed manifest alone: an agency certifies that same manifest.
    """

    type: ClassVar[str] = "onestop.copy.registered.v1"
    component: ComponentCode
    package: Digest
    manifest: ManifestDigest
    files: tuple[CopyFile, ...]
    officer: Officer
    organisation: OrganisationCode
    signed_at: Instant
    registered_at: Instant


class CertifyCopy(Request):
    """The agency has signed the true copy («bản sao y»); `package` now holds both signatures (17.1)."""

    type: ClassVar[str] = "onestop.copy.certify.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency"})
    component: ComponentCode
    package: Digest
    officer: Officer


class CopyCertified(Fact):
    """The agency's signature over the registered manifest was verified."""

    type: ClassVar[str] = "onestop.copy.certified.v1"
    component: ComponentCode
    package: Digest
    manifest: ManifestDigest
    agency: OrganisationCode
    officer: Officer
    signed_at: Instant
    certified_at: Instant
