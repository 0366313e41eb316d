"""Who may name or read which document: what it has uploaded, and what the facts of a dossier named to it.

A digest alone gives no right. Whoever names one without a right is answered as if there were no such
document, and the store is not asked, so that neither answer nor time tells whether it exists.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import orjson

from hub.documents.fields import TRANSFER, TRANSFERRED, is_package, json_paths
from hub.documents.reason import DocumentReason
from hub.documents.store import DocumentStore
from hub.dossier.decision import Sender
from hub.errors import AlteredRowError
from hub.facts.checked import DOCUMENT_OWNER
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.facts.untrusted import tell_untrusted
from hub.signing.listed import files_in
from hub.signing.shape import MAX_BYTES

_OWN = f"""
select {DOCUMENT_OWNER.selected} from document_owner where participant = $1 and sha256 = any($2::bytea[])
"""  # noqa: S608  no value stands in it
_FACTS = f"""
select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid and f.type = any($2::text[]) and exists (
    select from fact told
    where told.dossier_id = $1::uuid and (json_of(told.bytes) -> 'to') ? $3
)
"""  # noqa: S608  no value stands in it
"""Nothing of a dossier of which the participant was told nothing, as of none."""
_NAMED = """
with told as (
    select f.type, json_of(f.bytes) as body from fact f
    where f.dossier_id = $2::uuid and f.sequence = any($3::int[])
)
select distinct path, jsonb_path_query(body -> 'data', path::jsonpath) #>> '{}' as digest
from told cross join lateral jsonb_array_elements_text($4::jsonb -> type) path
where body -> 'to' ? $1 or type = any($5::text[]) and exists (
    select from told transfer where transfer.type = $6 and transfer.body -> 'to' ? $1
)
"""
_NO_DOSSIER = "00000000-0000-0000-0000-000000000000"
"""Asked about where the name of the dossier is unknown, so that the work does not tell which names are."""
_PATHS = json_paths()
_PATHS_JSON = orjson.dumps(_PATHS).decode()
_READ = [*_PATHS, TRANSFER]


class Fetching(Protocol):
    """A session or a pool of PostgreSQL."""

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """All rows."""
        ...


class DocumentRights:
    """What one participant may name of documents, with regard to one dossier (its id; None: to none).

    An altered row gives no right.
    """

    def __init__(
        self,
        database: Fetching,
        store: DocumentStore,
        rows: StoreKey,
        participant: Sender,
        dossier: str | None,
    ) -> None:
        self._rows = rows
        self._database = database
        self._store = store
        self._participant = participant
        self._dossier = dossier
        self.key = (participant.name, dossier)
        """The same for the same rights."""

    async def lacking(self, digests: Collection[str]) -> set[str]:
        """Those of these documents (SHA-256, lower-case hex) that it has no right to.

        Raises what PostgreSQL raises, and DocumentsAwayError.
        """
        wanted = [bytes.fromhex(digest) for digest in digests]
        own = await self._database.fetch(_OWN, self._participant.name, wanted)
        rest = set(digests) - {row["sha256"].hex() for row in DOCUMENT_OWNER.genuine(own, self._rows)}
        if not rest:
            return rest
        dossier = self._dossier or _NO_DOSSIER
        came_along = list(TRANSFERRED) if "agency" in self._participant.roles else []
        genuine = await self._genuine(dossier)
        named = await self._database.fetch(
            _NAMED, self._participant.name, dossier, genuine, _PATHS_JSON, came_along, TRANSFER
        )
        rest -= {row["digest"] for row in named}
        for package in sorted({row["digest"] for row in named if is_package(row["path"])}):
            if not rest:
                break
            content = await self._store.read(package, MAX_BYTES)
            if not isinstance(content, DocumentReason):
                rest -= files_in(content)
        return rest

    async def _genuine(self, dossier: str) -> list[int]:
        """The sequences of the facts that name documents, without altered ones."""
        found = []
        for row in await self._database.fetch(_FACTS, dossier, _READ, self._participant.name):
            if is_fact_genuine(row, self._rows):
                found.append(row["sequence"])
            else:
                tell_untrusted(AlteredRowError(fact_name(row)))
        return found
