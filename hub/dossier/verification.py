"""What the verification of a signed package tells the rules: data, since loading and verifying is no rule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct


class SignedBy(Struct, frozen=True, gc=False):
    """One signature that holds; `account` is None for an agency. Personal data: never kept in a state.

    `certificate` is the SHA-256 of the signer's own.

    It may be received from `good_from` to `good_until`: the certificates are valid then, and the signing
    time lies neither ahead nor too far back.
    """

    organisation: str
    account: str | None
    signed_at: datetime
    good_from: datetime
    good_until: datetime
    certificate: str = ""

    def is_timely(self, now: datetime) -> bool:
        """Whether it may be received at this legal time."""
        return self.good_from <= now <= self.good_until


class VerifiedFile(Struct, frozen=True, gc=False):
    """A file of the manifest that is in the store, with digest, size and type as signed."""

    digest: str
    size: int
    media_type: str
    pages: int


class VerifiedCopy(Struct, frozen=True, gc=False):
    """A package whose signatures and files hold; `manifest` is the SHA-256 of its signed manifest.

    `valid_until` is the last day of the paper (None: without end), `scope` for what it is valid, as signed.
    """

    purpose: Literal["copy", "result"]
    dossier: str
    component: str
    manifest: str
    files: tuple[VerifiedFile, ...]
    officer: SignedBy
    agency: SignedBy | None = None
    valid_until: date | None = None
    scope: str | None = None


class UnverifiedCopy(Struct, frozen=True, gc=False):
    """A package that does not hold; `code` is the refusal's (`signature.digest`, `document.missing`)."""

    code: str


class AwayCopy(Struct, frozen=True, gc=False):
    """A package of which nothing is known, because the store of documents does not answer."""


CopyOutcome = VerifiedCopy | UnverifiedCopy | AwayCopy
