"""Outcomes of verified packages for the batch at hand: brought before it is decided, handed to the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from hub.documents.reason import (
    DocumentDamagedError,
    DocumentMissingError,
    DocumentReason,
    DocumentsAwayError,
)
from hub.documents.rights import DocumentRights
from hub.documents.store import DocumentStore
from hub.dossier.verification import AwayCopy, CopyOutcome, UnverifiedCopy
from hub.engine.decide.rules import Rules
from hub.engine.decide.unit_of_work import View
from hub.facts.integrity import StoreKey
from hub.identifiers import alias_of, is_uuid
from hub.inbound.authorise import Authorised, Unreadable
from hub.logs import log
from hub.postgres.database import Connection
from hub.process.supervise import is_of_one
from schemas.component import ReuseComponent

_LOADING_S = 5.0
_BATCH_S = 2.0
_NOTHING: Mapping[str, CopyOutcome] = {}
_NO_DOCUMENT = "0" * 64


class NamedPackage(NamedTuple):
    """A package that a request names: by whom, for which dossier, and whether naming it needs a right.

    A reuse needs none: its rules hold the package against the other dossier.
    """

    sender: str
    subject: str
    package: str
    needs_right: bool


class Loader(Protocol):
    """`hub.documents.packages.CopyLoader`, or nothing to load from."""

    store: DocumentStore

    async def load_copy(self, digest: str, rights: DocumentRights | None) -> CopyOutcome:
        """The outcome for a package; raises DocumentsAwayError and the errors of lost documents."""
        ...


class CopyPrefetch:
    """Holds what the last `bring` brought; batches are decided one after the other.

    A store that does not answer is asked by `ask` only, beside the engine's loop, until it does: the requests
    that need it wait, and no others.
    """

    def __init__(self, loader: Loader | None = None, rows: StoreKey | None = None) -> None:
        """Without a loader every package is missing; `rows` tells genuine facts from altered ones."""
        self._loader = loader
        self._rows = rows
        self._outcomes: dict[NamedPackage, CopyOutcome | Exception] = {}
        self.is_away = False

    async def bring(
        self, items: Iterable[Authorised | Unreadable], rules: Rules, reader: Connection, view: View
    ) -> None:
        """Load the outcomes that deciding these records needs, 2 s at most; AwayCopy where it failed."""
        wanted = {
            _place(item, digest): item
            for item in items
            if isinstance(item, Authorised) and item.request is not None
            for digest in rules.packages_of(item.request)
        }
        if not wanted:
            return
        if self._loader is None:
            missing = UnverifiedCopy(DocumentReason.MISSING.code)
            self._outcomes = dict.fromkeys(wanted, missing)
            return
        self._outcomes = dict.fromkeys(wanted, AwayCopy())
        if not self.is_away:
            await self._load(self._loader, wanted, _InTurn(reader), view)

    async def _load(
        self, loader: Loader, wanted: Mapping[NamedPackage, Authorised], database: _InTurn, view: View
    ) -> None:
        tasks = {
            place: asyncio.create_task(self._load_one(loader, place, item, database, view))
            for place, item in wanted.items()
        }
        done, late = await asyncio.wait(tasks.values(), timeout=_BATCH_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            if not done:  # else it answers, and one participant has named very much
                self._went_away("TimeoutError")
        for task in tasks.values():
            if not task.cancelled():
                task.result()

    async def _load_one(
        self, loader: Loader, place: NamedPackage, item: Authorised, database: _InTurn, view: View
    ) -> None:
        rights = None
        if place.needs_right:
            assert self._rows is not None
            rights = DocumentRights(database, loader.store, self._rows, item.sender, _dossier_of(item, view))
        try:
            self._outcomes[place] = await loader.load_copy(place.package, rights)
        except DocumentsAwayError as error:
            self._went_away(type(error).__name__)
        except (DocumentMissingError, DocumentDamagedError) as error:
            log("document_lost", package=place.package, error=type(error).__name__)
        except Exception as error:
            if not is_of_one(error):
                raise
            self._outcomes[place] = error

    def _went_away(self, error: str) -> None:
        self.is_away = True
        log("documents_away", error=error)

    async def ask(self) -> None:
        """Look whether a store that was away answers again; for 5 s at most."""
        if self._loader is None or not self.is_away:
            return
        try:
            await asyncio.wait_for(self._loader.store.look(_NO_DOCUMENT), _LOADING_S)
        except (DocumentsAwayError, TimeoutError):
            return
        self.is_away = False
        log("documents_back")

    def of(self, item: Authorised, digests: Collection[str]) -> Mapping[str, CopyOutcome]:
        """The outcomes of these packages; raises the bug that hit one of them, KeyError for none brought."""
        if not digests:
            return _NOTHING
        return {digest: _sound(self._outcomes[_place(item, digest)]) for digest in digests}


class _InTurn:
    """One session of PostgreSQL for several tasks."""

    def __init__(self, session: Connection) -> None:
        self._session = session
        self._lock = asyncio.Lock()

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """All rows."""
        async with self._lock:
            return await self._session.fetch(query, *arguments)


def _sound(outcome: CopyOutcome | Exception) -> CopyOutcome:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _place(item: Authorised, digest: str) -> NamedPackage:
    needs_right = not isinstance(item.request, ReuseComponent)
    return NamedPackage(item.sender.name, item.envelope.subject, digest, needs_right)


def _dossier_of(item: Authorised, view: View) -> str | None:
    subject = item.envelope.subject
    return subject if is_uuid(subject) else view.aliases.get(alias_of(subject, item.sender.name))
