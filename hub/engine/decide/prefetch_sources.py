"""Other dossiers that the requests of a batch name: brought before it is decided, opened for the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import orjson
from msgspec import Struct

from hub.dossier import parties
from hub.dossier.source import SourceDossier
from hub.dossier.state.codec import from_json
from hub.dossier.state.model import Dossier
from hub.errors import AlteredRowError
from hub.facts.fact_bytes import open_fact
from hub.facts.integrity import StoreKey
from hub.facts.sealing import DossierKey, MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_dossier_genuine, is_fact_genuine
from hub.inbound.authorise import Authorised, Unreadable
from hub.postgres.database import Connection
from schemas.base import Request
from schemas.component import ComponentReusable, ReuseComponent

_READ = """
select a.alias, a.mac as alias_mac, substr(a.alias, 6) as code,
       d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac
from alias a join dossier d on d.id = a.dossier_id left join dossier_key k on k.dossier_id = d.id
where a.alias = any($1::text[])
"""
_PAPERS = f"""
select {FACT_COLUMNS} from fact f where f.dossier_id = any($1::uuid[]) and f.type = $2
order by f.dossier_id, f.sequence
"""  # noqa: S608  no value stands in it
_NOTHING: Mapping[str, SourceDossier] = {}


class StoredSource(Struct, frozen=True, gc=False):
    """A dossier as the store has it, sealed; `papers` are its facts `component.reusable`, as stored.

    `altered` names a row of it that was altered: then nothing is decided on it. `bug` hit its reading.
    """

    id: str
    state: bytes | None
    private: bytes | None
    wrapped_key: bytes | None
    papers: tuple[bytes, ...]
    altered: str | None = None
    bug: Exception | None = None


class SourcePrefetch:
    """Holds what the last `bring` brought; batches are decided one after the other.

    What it reads is not compared when the batch is written: a result, once issued, stays one, and who
    reuses a paper has been told of it, so its facts are stored.
    """

    def __init__(self) -> None:
        """Nothing was brought yet."""
        self._stored: Mapping[str, StoredSource | None] = {}

    async def bring(
        self, items: Iterable[Authorised | Unreadable], connection: Connection, key: StoreKey
    ) -> None:
        """Read the other dossiers that these records name, without locks; raises what the session raises."""
        requests = [item.request for item in items if type(item) is Authorised]
        reuses = [request for request in requests if type(request) is ReuseComponent]
        codes = {code for request in reuses for code in sources_of(request)}
        if not codes:
            return
        rows = await connection.fetch(_READ, [f"code:{code}" for code in codes])
        papers: dict[str, list[asyncpg.Record]] = {row["id"]: [] for row in rows}
        for paper in await connection.fetch(_PAPERS, list(papers), ComponentReusable.type):
            papers[paper["dossier"]].append(paper)
        found = {row["code"]: _source_or_bug(row, papers[row["id"]], key) for row in rows}
        self.put({code: found.get(code) for code in codes})

    def put(self, stored: Mapping[str, StoredSource | None]) -> None:
        """What was read, by code; None: there is no such dossier."""
        self._stored = stored

    def of(self, request: Request, master: MasterKey) -> Mapping[str, SourceDossier]:
        """The dossiers that this request names, opened; raises the bug that hit one, KeyError for no one."""
        if type(request) is not ReuseComponent:
            return _NOTHING
        codes = sources_of(request)
        found = {code: self._stored[code] for code in codes}
        for stored in found.values():
            if stored is not None and stored.bug is not None:
                raise stored.bug
            if stored is not None and stored.altered is not None:
                raise AlteredRowError(stored.altered)
        return {
            code: opened(stored, stored.state, master)
            for code, stored in found.items()
            if stored is not None and stored.state is not None
        }


def _source_or_bug(row: asyncpg.Record, papers: Sequence[asyncpg.Record], key: StoreKey) -> StoredSource:
    try:
        return _source(row, papers, key)
    except Exception as error:  # noqa: BLE001  it parks the request that names this dossier, and no others
        return StoredSource(row["id"], None, None, None, (), bug=error)


def _source(row: asyncpg.Record, papers: Sequence[asyncpg.Record], key: StoreKey) -> StoredSource:
    altered = next((fact_name(paper) for paper in papers if not is_fact_genuine(paper, key)), None)
    if row["alias_mac"] != key.alias(row["alias"], row["id"]):
        altered = f"alias {row['alias']}"
    elif not is_dossier_genuine(row, key):
        altered = f"dossier {row['id']}"
    told = tuple(paper["bytes"] for paper in papers)
    return StoredSource(row["id"], row["state"], row["private"], row["wrapped"], told, altered)


def sources_of(request: Request) -> tuple[str, ...]:
    """Codes of the other dossiers that deciding this request needs (pure)."""
    if isinstance(request, ReuseComponent) and request.paper is not None:
        return (request.paper.dossier,)
    return ()


def opened(stored: StoredSource, state: bytes, master: MasterKey) -> SourceDossier:
    """What the rules may know of it; raises `cryptography.exceptions.InvalidTag` for altered bytes."""
    source = from_json(state)
    status = source.status
    if stored.wrapped_key is None or stored.private is None:
        return SourceDossier(stored.id, status, None, ())
    key = master.unwrap(stored.wrapped_key)
    applicant = parties.opened(key.open(stored.private, stored.id.encode())).applicant
    announced = (_announced(fact, key) for fact in stored.papers)
    papers = tuple(paper for paper in announced if _is_current(paper, source))
    return SourceDossier(stored.id, status, applicant, papers)


def _is_current(paper: ComponentReusable, source: Dossier) -> bool:
    """Of a corrected result only what came with its last correction, or nothing (21.1)."""
    corrected_at = source.corrections.get(paper.component) if paper.kind == "result" else None
    return corrected_at is None or paper.reusable_from >= corrected_at


def _announced(fact: bytes, key: DossierKey) -> ComponentReusable:
    data = orjson.dumps(open_fact(fact, key)["data"])
    return ComponentReusable.model_validate_json(data, extra="ignore")
