"""Brings the rules what they cannot fetch: loads signed packages from the store and verifies them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping

from hub.documents.reason import DocumentReason
from hub.documents.store import DocumentStore, Stored
from hub.dossier.verification import CopyOutcome, SignedBy, UnverifiedCopy, VerifiedCopy, VerifiedFile
from hub.signing.manifest import Manifest
from hub.signing.reason import Reason
from hub.signing.shape import MAX_BYTES
from hub.signing.trust import Trust
from hub.signing.verified import Refused, Signature, Verified
from hub.signing.verifying import Measured, verify_package, with_files

_MAX_REMEMBERED = 2000
_MAX_AT_ONCE = 16


class CopyLoader:
    """Outcomes by digest; remembered, because the same bytes and trust give the same outcome.

    What is missing is asked for again each time: it may have been uploaded since.
    """

    def __init__(self, store: DocumentStore, trust: Trust) -> None:
        self._store = store
        self._trust = trust
        self._known: OrderedDict[str, CopyOutcome] = OrderedDict()
        self._gate = asyncio.Semaphore(_MAX_AT_ONCE)

    async def load_copies(self, digests: Collection[str]) -> Mapping[str, CopyOutcome]:
        """The outcome for each digest. Raises DocumentsAwayError, then nothing is decided: try again."""
        wanted = tuple(dict.fromkeys(digests))
        found = await asyncio.gather(*[self._outcome(digest) for digest in wanted], return_exceptions=True)
        outcomes: dict[str, CopyOutcome] = {}
        for digest, outcome in zip(wanted, found, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes[digest] = outcome
        return outcomes

    async def _outcome(self, digest: str) -> CopyOutcome:
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        async with self._gate:
            outcome, is_final = await self._verify(digest)
        if is_final:
            self._known[digest] = outcome
            if len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        return outcome

    async def _verify(self, digest: str) -> tuple[CopyOutcome, bool]:
        package = await self._store.read(digest, MAX_BYTES)
        if isinstance(package, DocumentReason):
            return UnverifiedCopy(package.code), package is not DocumentReason.MISSING
        outcome = verify_package(package, self._trust)
        if isinstance(outcome, Verified):
            outcome = with_files(outcome, await self._files(outcome.manifest))
        if isinstance(outcome, Refused):
            return UnverifiedCopy(outcome.reason.code), outcome.reason is not Reason.FILE_MISSING
        return _for_the_rules(outcome, self._trust), True

    async def _files(self, manifest: Manifest) -> dict[str, Measured]:
        """A stored object's digest was checked when it came, and is again whenever it is read."""
        measured: dict[str, Measured] = {}
        for file in manifest.files:
            found = await self._store.look(file.sha256)
            if isinstance(found, Stored):
                measured[file.name] = Measured(found.digest, found.size, found.media_type)
        return measured


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
    )


def _signed_by(signature: Signature, trust: Trust) -> SignedBy:
    return SignedBy(
        organisation=signature.signer.organisation,
        account=signature.signer.account,
        signed_at=signature.signed_at,
        good_from=max(signature.signed_at - trust.max_ahead, signature.valid_from),
        good_until=min(signature.signed_at + trust.max_delay, signature.valid_until),
    )
