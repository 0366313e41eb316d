"""Outcomes of verified packages for the batch at hand: brought before it is decided, handed to the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from hub.documents.reason import DocumentReason, DocumentsAwayError
from hub.dossier.verification import CopyOutcome, UnverifiedCopy
from hub.job import Job
from hub.understanding import Understood, Unreadable

_LOADING_S = 30.0
_NOTHING: Mapping[str, CopyOutcome] = {}


class Loader(Protocol):
    """`hub.signing.loading.CopyLoader`, or nothing to load from."""

    async def load_copies(self, digests: Collection[str]) -> Mapping[str, CopyOutcome]:
        """The outcome for each digest; raises DocumentsAwayError."""
        ...


class CopyShelf:
    """Holds what the last `bring` brought; batches are decided one after the other."""

    def __init__(self, loader: Loader | None = None) -> None:
        """Without a loader every package is missing."""
        self._loader = loader
        self._outcomes: Mapping[str, CopyOutcome] = _NOTHING

    async def bring(self, items: Iterable[Understood | Unreadable], job: Job[Any]) -> None:
        """Load the outcomes that deciding these records needs, for 30 s at most.

        Raises DocumentsAwayError: then nothing may be decided, since a refusal would be for ever.
        """
        wanted = [
            digest
            for item in items
            if isinstance(item, Understood) and item.request is not None
            for digest in job.packages_of(item.request)
        ]
        if not wanted:
            return
        if self._loader is None:
            missing = UnverifiedCopy(DocumentReason.MISSING.code)
            self._outcomes = dict.fromkeys(wanted, missing)
            return
        try:
            async with asyncio.timeout(_LOADING_S):
                self._outcomes = await self._loader.load_copies(wanted)
        except TimeoutError as error:
            raise DocumentsAwayError("the store of documents takes too long") from error

    def of(self, digests: tuple[str, ...]) -> Mapping[str, CopyOutcome]:
        """The outcomes of these packages; KeyError for one that was not brought, which is a bug."""
        return {digest: self._outcomes[digest] for digest in digests} if digests else _NOTHING
