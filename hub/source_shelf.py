"""Other dossiers that the requests of a batch name: brought before it is decided, opened for the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson
from msgspec import Struct

from hub.dossier.codec import from_json
from hub.dossier.source import SourceDossier
from hub.sealing import MasterKey
from hub.store.database import Connection
from hub.understanding import Understood, Unreadable
from schemas.base import Request
from schemas.component import ComponentReusable, ReuseComponent
from schemas.party import Party

_READ = """
select substr(a.alias, 6) as code, d.id::text as id, d.state, d.private, k.wrapped,
       array(
           select f.bytes from fact f
           where f.dossier_id = d.id and f.type = $2 order by f.sequence
       ) as papers
from alias a join dossier d on d.id = a.dossier_id left join dossier_key k on k.dossier_id = d.id
where a.alias = any($1::text[])
"""
_NOTHING: Mapping[str, SourceDossier] = {}


class StoredSource(Struct, frozen=True, gc=False):
    """A dossier as the store has it, sealed; `papers` are its facts `component.reusable`, as stored."""

    id: str
    state: bytes | None
    private: bytes | None
    wrapped_key: bytes | None
    papers: tuple[bytes, ...]


class SourceShelf:
    """Holds what the last `bring` brought; batches are decided one after the other.

    What it reads is not compared when the batch is written: a result, once issued, stays one, and who
    reuses a paper has been told of it, so its facts are stored.
    """

    def __init__(self) -> None:
        """Nothing was brought yet."""
        self._stored: Mapping[str, StoredSource | None] = {}

    async def bring(self, items: Iterable[Understood | Unreadable], connection: Connection) -> None:
        """Read the other dossiers that these records name, without locks; raises what the session raises."""
        requests = [item.request for item in items if isinstance(item, Understood)]
        reuses = [request for request in requests if isinstance(request, ReuseComponent)]
        codes = {code for request in reuses for code in sources_of(request)}
        if not codes:
            return
        rows = await connection.fetch(_READ, [f"code:{code}" for code in codes], ComponentReusable.type)
        found = {
            row["code"]: StoredSource(
                row["id"], row["state"], row["private"], row["wrapped"], tuple(row["papers"])
            )
            for row in rows
        }
        self.put({code: found.get(code) for code in codes})

    def put(self, stored: Mapping[str, StoredSource | None]) -> None:
        """What was read, by code; None: there is no such dossier."""
        self._stored = stored

    def of(self, request: Request, master: MasterKey) -> Mapping[str, SourceDossier]:
        """The dossiers that this request names, opened; KeyError for one that was not brought, a bug."""
        codes = sources_of(request)
        if not codes:
            return _NOTHING
        found = {code: self._stored[code] for code in codes}
        return {
            code: opened(stored, stored.state, master)
            for code, stored in found.items()
            if stored is not None and stored.state is not None
        }


def sources_of(request: Request) -> tuple[str, ...]:
    """Codes of the other dossiers that deciding this request needs (pure)."""
    if isinstance(request, ReuseComponent) and request.paper is not None:
        return (request.paper.dossier,)
    return ()


def opened(stored: StoredSource, state: bytes, master: MasterKey) -> SourceDossier:
    """What the rules may know of it; raises `cryptography.exceptions.InvalidTag` for altered bytes."""
    applicant: Party | None = None
    if stored.wrapped_key is not None and stored.private is not None:
        key = master.unwrap(stored.wrapped_key)
        applicant = Party.model_validate_json(key.open(stored.private, stored.id.encode()))
    return SourceDossier(
        stored.id, from_json(state).status, applicant, tuple(_announced(fact) for fact in stored.papers)
    )


def _announced(fact: bytes) -> ComponentReusable:
    data = orjson.dumps(orjson.loads(fact)["data"])
    return ComponentReusable.model_validate_json(data, extra="ignore")
