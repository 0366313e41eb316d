"""Brings the rules what they cannot fetch: loads signed packages from the store and verifies them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from typing import Protocol

from hub.documents.reason import DocumentMissingError, DocumentReason
from hub.documents.store import DocumentStore, StoredDocument
from hub.dossier.verification import CopyOutcome, SignedBy, UnverifiedCopy, VerifiedCopy, VerifiedFile
from hub.signing.manifest import Manifest
from hub.signing.reason import Reason
from hub.signing.shape import MAX_BYTES
from hub.signing.trust import Trust
from hub.signing.verified import NotVerified, Signature, Verified
from hub.signing.verifying import Measured, verify_package, with_files

_MAX_REMEMBERED = 2000
_REMEMBERED_S = 60.0
"""No longer than this may a file be gone and its package still be taken."""
_MAX_AT_ONCE = 16
_QUICK_BYTES = 128 << 10
"""A package of this size is verified in less time (3 ms) than a thread and the loop take to change places."""


Count = Callable[[str], None]
"""Told how each verification ended: `ok`, or the refusal's code."""


def uncounted(_outcome: str) -> None:
    """For a loader whose outcomes nobody counts."""


class NamingRights(Protocol):
    """What whoever names a package may name; see `hub.documents.rights`."""

    @property
    def key(self) -> Hashable:
        """The same for the same rights."""
        ...

    async def lacking(self, digests: Collection[str]) -> set[str]:
        """Those of these documents that there is no right to; raises DocumentsAwayError."""
        ...


class CopyLoader:
    """Outcomes by digest and rights; remembered for a minute, because a batch may be decided several times.

    What was refused for want of a document is asked for again each time: it may have been uploaded since.
    """

    def __init__(self, store: DocumentStore, trust: Trust, count: Count = uncounted) -> None:
        self.store = store
        self._trust = trust
        self._count = count
        self._known: OrderedDict[Hashable, tuple[CopyOutcome, float]] = OrderedDict()
        self._gate = asyncio.Semaphore(_MAX_AT_ONCE)

    async def load_copy(self, digest: str, rights: NamingRights | None) -> CopyOutcome:
        """The outcome of a package; None: the rules themselves say who may name it.

        Who has no right to a package, or to a file in it, gets the answer of one that does not exist.
        Raises DocumentsAwayError, and DocumentMissingError and DocumentDamagedError for what the store has
        lost: then nothing may be decided, since a refusal would be for ever.
        """
        now, key = asyncio.get_running_loop().time(), (digest, rights.key if rights is not None else None)
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        async with self._gate:
            outcome, is_final = await self._verify(digest, rights)
        self._count(outcome.code if isinstance(outcome, UnverifiedCopy) else "ok")
        if is_final:
            self._known[key] = outcome, now + _REMEMBERED_S
            self._known.move_to_end(key)
            if len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        return outcome

    async def _verify(self, digest: str, rights: NamingRights | None) -> tuple[CopyOutcome, bool]:
        if rights is not None and await rights.lacking([digest]):
            return UnverifiedCopy(DocumentReason.MISSING.code), False
        package = await self.store.read(digest, MAX_BYTES)
        if isinstance(package, DocumentReason):
            return _refused(package.code, rights, is_missing=package is DocumentReason.MISSING)
        if len(package) <= _QUICK_BYTES:
            outcome = verify_package(package, self._trust)
        else:
            outcome = await asyncio.to_thread(verify_package, package, self._trust)
        if isinstance(outcome, Verified):
            files = {file.sha256 for file in outcome.manifest.files}
            if rights is not None and await rights.lacking(files):
                return UnverifiedCopy(Reason.FILE_MISSING.code), False
            outcome = with_files(outcome, await self._files(outcome.manifest))
        if isinstance(outcome, NotVerified):
            return _refused(outcome.reason.code, rights, is_missing=outcome.reason is Reason.FILE_MISSING)
        return _for_the_rules(outcome, self._trust), True

    async def _files(self, manifest: Manifest) -> dict[str, Measured]:
        """A stored object's digest was checked when it came, and is again whenever it is read."""
        looks = await asyncio.gather(*(self.store.look(file.sha256) for file in manifest.files))
        return {
            file.name: Measured(found.digest, found.size, found.media_type)
            for file, found in zip(manifest.files, looks, strict=True)
            if isinstance(found, StoredDocument)
        }


def _refused(code: str, rights: NamingRights | None, *, is_missing: bool) -> tuple[UnverifiedCopy, bool]:
    """The refusal, and whether it is final.

    A right to a document rests on its receipt: when it is not there, it was lost, and that is no refusal.
    """
    if is_missing and rights is not None:
        raise DocumentMissingError("a document that was received is not in the store")
    return UnverifiedCopy(code), not is_missing


def _for_the_rules(verified: Verified, trust: Trust) -> VerifiedCopy:
    manifest = verified.manifest
    return VerifiedCopy(
        purpose=manifest.purpose,
        dossier=manifest.dossier,
        component=manifest.component,
        manifest=verified.manifest_sha256,
        files=tuple(
            VerifiedFile(file.sha256, file.size, file.media_type, file.pages) for file in manifest.files
        ),
        officer=_signed_by(verified.officer, trust),
        agency=_signed_by(verified.agency, trust) if verified.agency else None,
        valid_until=manifest.metadata.valid_until,
        scope=manifest.metadata.scope,
    )


def _signed_by(signature: Signature, trust: Trust) -> SignedBy:
    return SignedBy(
        organisation=signature.signer.organisation,
        account=signature.signer.account,
        signed_at=signature.signed_at,
        good_from=max(signature.signed_at - trust.max_ahead, signature.valid_from),
        good_until=min(signature.signed_at + trust.max_delay, signature.valid_until),
        certificate=signature.signer.certificate_sha256,
    )
