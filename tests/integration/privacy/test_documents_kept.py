"""Documents go with an erasure or with their time, others stay: real files, real tables."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from hub.documents.reason import DocumentsAwayError
from hub.documents.store import DocumentStore, StoredDocument, documents
from hub.facts.sealing import MasterKey
from hub.postgres.database import Connection, Session
from hub.privacy.kept_documents import remove_erased, remove_unnamed
from hub.privacy.metrics import RetentionMetrics
from hub.privacy.retention import Retention
from hub.settings.documents import DocumentsSettings
from schemas.registry import FACTS
from tests.support import signing
from tests.support.buckets import closed_bucket
from tests.support.erasures import erased
from tests.support.hub_commands import store_settings

MASTER = MasterKey(bytes(range(32)))
REGISTERED, CERTIFIED = "onestop.copy.registered.v1", "onestop.copy.certified.v1"
ISSUED, REUSED = "onestop.result.issued.v1", "onestop.component.reused.v1"


def pdf(text: str) -> bytes:
    return b"%PDF-1.7\n" + text.encode()


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


@dataclass(frozen=True, slots=True)
class Place:
    """A store of documents in a folder and the tables beside it."""

    folder: Path
    store: DocumentStore
    database: Connection
    dsn: str

    async def keep(self, content: bytes, media_type: str = "application/pdf", *, days: float = 0) -> str:
        """Upload; `days` ago."""
        digest = digest_of(content)
        assert isinstance(await self.store.put(digest, _one(content), media_type), StoredDocument)
        self.age(self.folder / f"objects/{digest[:2]}/{digest}", days)
        await self.database.execute(
            "insert into document_owner values ('counter-a', $1) on conflict do nothing",
            bytes.fromhex(digest),
        )
        return digest

    @staticmethod
    def age(file: Path, days: float) -> None:
        at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(file, (at, at))

    async def name(self, fact_type: str, dossier: str, data: dict[str, Any]) -> None:
        """A fact as `store_fact` writes it: compact JSON, with the hash of another fact in it."""
        body = {
            "type": fact_type,
            "dossier": dossier,
            "previous": digest_of(b"the fact before"),
            "data": data,
        }
        await self.database.execute(
            """
            insert into fact (dossier_id, sequence, id, type, time, bytes, hash)
            select $1, count(*), gen_random_uuid(), $2, now(), $3, '' from fact where dossier_id = $1
            """,
            dossier,
            fact_type,
            orjson.dumps(body),
        )

    async def copy(self, dossier: str, scan: str, package: str = "0" * 64) -> None:
        await self.name(REGISTERED, dossier, {"package": package, "files": [{"digest": scan, "size": 1}]})

    async def result(self, dossier: str, package: str) -> None:
        await self.name(ISSUED, dossier, {"papers": [{"code": "KQ", "package": package}]})

    async def erase(self, dossier: str) -> None:
        await erased(self.database, MASTER.store, dossier)

    async def owned(self) -> set[str]:
        rows = await self.database.fetch("select sha256 from document_owner")
        return {row["sha256"].hex() for row in rows}

    def files(self) -> set[str]:
        """Without the mark of whose folder it is."""
        return {item.name for item in self.folder.rglob("*") if item.is_file()} - {"owner"}

    async def sweep(
        self, registry: CollectorRegistry | None = None, store: DocumentStore | None = None
    ) -> None:
        """One sweep, as an engine does it."""
        tree = store_settings(self.dsn)
        session = Session(tree.postgres, "test-sweep")
        await session.open()
        metrics = RetentionMetrics(registry or CollectorRegistry())
        try:
            await Retention(session, tree, metrics, store or self.store, MASTER).step()
        finally:
            await session.close()


@pytest.fixture
async def place(hub_database: str, tmp_path: Path) -> AsyncIterator[Place]:
    connection: Connection = await asyncpg.connect(hub_database)
    await connection.execute(
        """
        insert into participant values ('counter-a', '{counter}', '{}', 1);
        insert into http_participant (name) values ('counter-a');
        """
    )
    folder = tmp_path / "documents"
    store = documents(DocumentsSettings(folder=folder))
    yield Place(folder, store, connection, hub_database)
    await connection.close()


def dossier() -> str:
    return str(uuid.uuid4())


def result_package(*contents: bytes) -> bytes:
    listed = tuple(signing.file_of(f"f{n}.pdf", content) for n, content in enumerate(contents))
    return signing.package(signing.result_manifest(files=listed), signing.key(signing.LEADER_ACCOUNT))


async def test_old_uploads_that_nobody_named_and_half_ones_go_and_all_others_stay(place: Place) -> None:
    incoming = place.folder / "incoming"
    incoming.mkdir()
    for name, days in {
        "old-half": 1.1,
        "old-staged#1": 1.1,
        "young-half": 0.9,
        "young-staged#1": 0.9,
    }.items():
        (incoming / name).write_bytes(b"half")
        place.age(incoming / name, days)
    gone = await place.keep(pdf("named by nobody"), days=30.1)
    young = await place.keep(pdf("named by nobody, but young"), days=29.9)
    named = await place.keep(pdf("of a dossier"), days=400)
    await place.copy(dossier(), named)
    registry = CollectorRegistry()
    await place.sweep(registry)
    assert place.files() == {young, named, "young-half", "young-staged#1"}
    assert await place.owned() == {young, named}
    removed = {
        kind: registry.get_sample_value("hub_retention_removed_total", {"kind": kind})
        for kind in ("document_upload", "document_unnamed", "document_erased")
    }
    assert removed == {"document_upload": 2, "document_unnamed": 1, "document_erased": None}
    assert gone not in place.files()


async def test_all_documents_are_looked_at_once_a_day_only(place: Place) -> None:
    await place.sweep()
    late = await place.keep(pdf("old already when it came"), days=40)
    await place.sweep()
    assert place.files() == {late}
    await place.database.execute("update retention_run set documents_at = now() - interval '21 hours'")
    await place.sweep()
    assert place.files() == set()


async def test_a_document_that_is_uploaded_again_is_young_again(place: Place) -> None:
    content = pdf("uploaded a month ago, and now again")
    await place.keep(content, days=40)
    assert isinstance(
        await place.store.put(digest_of(content), _one(content), "application/pdf"), StoredDocument
    )
    await place.sweep()
    assert place.files() == {digest_of(content)}


async def test_the_documents_of_another_hub_in_the_same_folder_are_left_alone(place: Place) -> None:
    theirs = await place.keep(pdf("named in another database"), days=400)
    assert await place.store.belongs_to("another hub")
    await place.sweep()
    assert place.files() == {theirs}
    (place.folder / "owner").unlink()
    await place.database.execute("update retention_run set documents_at = null")
    await place.sweep()
    assert place.files() == set()


async def test_files_of_a_result_are_named_by_its_package_only_and_stay(place: Place) -> None:
    paper, package = pdf("a licence"), result_package(pdf("a licence"))
    scan = await place.keep(paper, days=40)
    signed = await place.keep(package, "application/xml", days=40)
    await place.result(dossier(), signed)
    await place.sweep()
    assert place.files() == {scan, signed}


async def test_documents_of_an_erased_dossier_go_but_not_what_another_dossier_names(place: Place) -> None:
    gone, stays = dossier(), dossier()
    own, shared, both = pdf("of the erased one"), pdf("in two copies"), pdf("in a copy and a result")
    for content in (own, shared, both):
        await place.keep(content)
    package = await place.keep(result_package(own, both), "application/xml")
    other = await place.keep(result_package(both), "application/xml")
    await place.copy(gone, digest_of(shared))
    await place.copy(stays, digest_of(shared))
    await place.result(gone, package)
    await place.result(stays, other)
    await place.erase(gone)
    assert await remove_erased(place.database, place.store, MASTER.store, gone) == 2
    assert place.files() == {digest_of(shared), digest_of(both), other}
    assert await place.owned() == place.files()
    assert await remove_erased(place.database, place.store, MASTER.store, gone) == 0
    await place.erase(stays)
    await place.sweep()
    assert (place.files(), await place.owned()) == (set(), set())
    assert await place.database.fetchval("select count(*) from document_use") == 0


async def test_two_erased_dossiers_do_not_keep_a_document_for_each_other(place: Place) -> None:
    one, two = dossier(), dossier()
    scan = await place.keep(pdf("of both"))
    for each in (one, two):
        await place.copy(each, scan)
        await place.erase(each)
    assert await remove_erased(place.database, place.store, MASTER.store, one) == 1
    assert place.files() == set()


async def test_documents_of_a_living_dossier_outlive_an_erasure_that_was_written_into_the_database(
    place: Place,
) -> None:
    living, gone = dossier(), dossier()
    own, both = await place.keep(pdf("of the living one")), await place.keep(pdf("of both"))
    await place.copy(living, own)
    for each in (living, gone):
        await place.copy(each, both)
    check = MASTER.store.dossier(living, None, 0, None, None, b"wrapped")
    await place.database.execute("insert into dossier (id, sequence, mac) values ($1, 0, $2)", living, check)
    await place.database.execute("insert into dossier_key values ($1, 'wrapped')", living)
    await place.erase(gone)
    await place.database.execute("insert into erasure values ($1, 'x', 'forged')", living)
    for alteration in (
        "select $1::uuid",
        "update dossier set parked = -1 where id = $1",
        "delete from dossier_key where dossier_id = $1",
        "delete from dossier where id = $1",
    ):
        await place.database.execute(alteration, living)
        assert await remove_erased(place.database, place.store, MASTER.store, living) == 0, alteration
        await place.sweep()
        assert place.files() == {own, both}, alteration


async def test_what_the_hub_cannot_delete_now_is_deleted_by_a_later_sweep(place: Place) -> None:
    gone = dossier()
    await place.copy(gone, await place.keep(pdf("of the erased one")))
    await place.erase(gone)
    away = DocumentStore(closed_bucket(), 1000)
    with pytest.raises(DocumentsAwayError):
        await remove_erased(place.database, away, MASTER.store, gone)
    await place.sweep(store=away)
    assert await place.database.fetchval("select ended_at > now() - interval '1 minute' from retention_run")
    assert len(place.files()) == 1
    await place.sweep()
    assert place.files() == set()


async def test_a_package_that_is_gone_or_none_names_no_files_and_holds_nothing_up(place: Place) -> None:
    no_package = await place.keep(pdf("no package"))
    await place.result(dossier(), no_package)
    await place.name(REUSED, dossier(), {"paper": {"package": "f" * 64}})
    assert await remove_unnamed(place.database, place.store, datetime.now(UTC) + timedelta(days=1)) == 0
    assert await place.database.fetchval("select bool_and(is_read) from document_use")
    assert place.files() == {no_package}


async def test_only_named_documents_are_noted_not_the_hash_of_the_fact_before(place: Place) -> None:
    await place.copy(dossier(), "a" * 64, "b" * 64)
    await place.name("onestop.dossier.accepted.v1", dossier(), {"package": "c" * 64})
    rows = await place.database.fetch("select sha256 from document_use order by sha256")
    assert [row["sha256"].hex() for row in rows] == ["a" * 64, "b" * 64]


def digests_in(model: type[BaseModel]) -> bool:
    """Whether a document's name can stand in the fact, anywhere."""
    return bool(re.search(r'"(?:package|digest)": \{', str(model.model_json_schema()).replace("'", '"')))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("onestop.result.corrected.v1", '{"papers": [{"new": {"package": "%s"}}]}'),
        ("onestop.verification.recorded.v1", '{"package": "%s", "files": []}'),
        ("onestop.opinion.given.v1", '{"package": "%s", "files": []}'),
        ("onestop.report.made.v1", '{"digest": "%s"}'),
    ],
)
async def test_a_document_of_a_correction_an_answer_or_a_report_is_kept(
    place: Place, kind: str, data: str
) -> None:
    named = await place.keep(pdf("named"), days=40)
    await place.keep(pdf("unnamed"), days=40)
    await place.name(kind, dossier(), orjson.loads(data % named))
    await place.sweep()
    assert place.files() == {named}


async def test_every_fact_that_can_name_a_document_is_watched(place: Place) -> None:
    trigger = await place.database.fetchval(
        "select pg_get_triggerdef(oid) from pg_trigger where tgname = 'fact_documents'"
    )
    watched = set(re.findall(r"'(onestop\.[a-z_.]+\.v\d+)'", trigger))
    assert watched == {name for name, model in FACTS.items() if digests_in(model)}
    assert {REGISTERED, CERTIFIED, ISSUED, REUSED} <= watched
