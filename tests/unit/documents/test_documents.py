"""The store of documents: whole under its digest, or refused with one reason and nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore
from pydantic import ValidationError

from hub.documents.media import ALLOWED, media_type_of
from hub.documents.reason import (
    DocumentDamagedError,
    DocumentMissingError,
    DocumentReason,
    DocumentsAwayError,
    DocumentsSettingError,
)
from hub.documents.store import DocumentStore, StoredDocument, documents
from hub.settings.documents import DocumentsSettings
from tests.support.buckets import closed_bucket
from tests.support.signing import PAGE, SCAN, package

LARGE = b"%PDF-1.4" + bytes(3_000_000)
LIMIT = 5_000_000


def name_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def pieces(content: bytes, size: int = 700) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentStore:
    """A local folder, and a store that has no folder as buckets have none."""
    if request.param == "folder":
        return documents(DocumentsSettings(folder=tmp_path / "documents", max_bytes=LIMIT))
    return DocumentStore(MemoryStore(), LIMIT)


@pytest.fixture
def local(tmp_path: Path) -> DocumentStore:
    return documents(DocumentsSettings(folder=tmp_path / "documents", max_bytes=LIMIT))


def kept(folder: Path) -> list[str]:
    return [item.name for item in folder.rglob("*") if item.is_file()]


async def fetched(store: DocumentStore, digest: str) -> bytes:
    return b"".join([chunk async for chunk in store.get(digest)])


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (SCAN, "application/pdf"),
        (PAGE, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg"),
        (b"II*\x00" + bytes(50), "image/tiff"),
        (package(), "application/xml"),
        (
            b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8" standalone="no"?>\r\n' + package(),
            "application/xml",
        ),
        (LARGE, "application/pdf"),
    ],
    ids=["pdf", "png", "jpeg", "tiff", "package", "declared package", "large"],
)
async def test_a_document_comes_back_as_it_was(store: DocumentStore, content: bytes, media_type: str) -> None:
    digest = name_of(content)
    wanted = StoredDocument(digest, len(content), media_type)
    assert await store.put(digest, pieces(content, 65_536), media_type, len(content)) == wanted
    assert await store.look(digest) == wanted
    assert await fetched(store, digest) == content
    assert await store.read(digest, LIMIT) == content


async def test_a_repeated_upload_changes_nothing_and_is_still_checked(store: DocumentStore) -> None:
    digest = name_of(SCAN)
    for _ in range(2):
        assert isinstance(await store.put(digest, pieces(SCAN), "application/pdf"), StoredDocument)
    other = SCAN + b"x"
    assert await store.put(digest, pieces(other), "application/pdf") is DocumentReason.DIGEST_DIFFERS
    assert await fetched(store, digest) == SCAN


REFUSALS = [
    (SCAN, "application/pdf", None, "not a digest", DocumentReason.BAD_DIGEST),
    (SCAN, "application/pdf", None, name_of(SCAN).upper(), DocumentReason.BAD_DIGEST),
    (SCAN, "application/pdf", None, "../../etc/passwd", DocumentReason.BAD_DIGEST),
    (SCAN, "text/html", None, None, DocumentReason.MEDIA_TYPE_NOT_ALLOWED),
    (SCAN, "image/png", None, None, DocumentReason.MEDIA_TYPE_DIFFERS),
    (b"<svg onload=x>", "application/xml", None, None, DocumentReason.MEDIA_TYPE_DIFFERS),
    (b"%PDF-1.3 too old", "application/pdf", None, None, DocumentReason.MEDIA_TYPE_DIFFERS),
    (b"MZ" + bytes(3000), "application/pdf", None, None, DocumentReason.MEDIA_TYPE_DIFFERS),
    (b"", "application/pdf", None, None, DocumentReason.EMPTY),
    (SCAN, "application/pdf", LIMIT + 1, None, DocumentReason.TOO_LARGE),
    (LARGE * 2, "application/pdf", None, None, DocumentReason.TOO_LARGE),
    (SCAN, "application/pdf", len(SCAN) + 1, None, DocumentReason.CUT_OFF),
    (SCAN, "application/pdf", len(SCAN) - 1, None, DocumentReason.SIZE_DIFFERS),
    (SCAN, "application/pdf", len(SCAN), name_of(PAGE), DocumentReason.DIGEST_DIFFERS),
]


@pytest.mark.parametrize(("content", "media_type", "size", "digest", "reason"), REFUSALS)
async def test_a_bad_document_is_refused_with_one_reason_and_nothing_is_kept(
    local: DocumentStore,
    tmp_path: Path,
    content: bytes,
    media_type: str,
    size: int | None,
    digest: str | None,
    reason: DocumentReason,
) -> None:
    name = digest or name_of(content)
    assert await local.put(name, pieces(content), media_type, size) is reason
    assert reason.texts.vi
    assert kept(tmp_path) == []
    assert await local.look(name) in {DocumentReason.MISSING, DocumentReason.BAD_DIGEST}


def test_each_reason_is_met_by_a_test() -> None:
    assert {row[4] for row in REFUSALS} | {DocumentReason.MISSING} == set(DocumentReason)


async def test_a_client_that_goes_away_leaves_nothing(local: DocumentStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LARGE[:2_000_000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await local.put(name_of(LARGE), broken(), "application/pdf", len(LARGE))
    assert kept(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(local: DocumentStore, tmp_path: Path) -> None:
    has_begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LARGE[:2_000_000]
        has_begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(local.put(name_of(LARGE), slow(), "application/pdf"))
    await has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    assert kept(tmp_path) == []


async def test_the_work_of_a_wrong_upload_does_not_tell_whether_the_document_is_there(
    local: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await local.put(name_of(SCAN), pieces(SCAN), "application/pdf")
    opened: list[str] = []
    genuine = obstore.open_writer_async

    def open_writer(store: Any, path: str, **options: Any) -> Any:
        opened.append(path)
        return genuine(store, path, **options)

    monkeypatch.setattr(obstore, "open_writer_async", open_writer)
    wrong = SCAN.replace(b"scan", b"scam")
    for digest in (name_of(SCAN), "0" * 64):
        outcome = await local.put(digest, pieces(wrong), "application/pdf")
        assert outcome is DocumentReason.DIGEST_DIFFERS
    assert len(opened) == 2
    outcome = await local.put(name_of(SCAN), pieces(SCAN), "application/pdf", is_known=True)
    assert (isinstance(outcome, StoredDocument), len(opened)) == (True, 2)


async def test_what_is_not_there_is_missing(store: DocumentStore) -> None:
    assert await store.look(name_of(b"nothing")) is DocumentReason.MISSING
    assert await store.read(name_of(b"nothing"), 10) is DocumentReason.MISSING
    for digest in (name_of(b"nothing"), "../x"):
        with pytest.raises(DocumentMissingError):
            await fetched(store, digest)


async def test_a_document_larger_than_the_reader_wants_is_not_read(store: DocumentStore) -> None:
    await store.put(name_of(SCAN), pieces(SCAN), "application/pdf")
    assert await store.read(name_of(SCAN), 10) is DocumentReason.TOO_LARGE


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"x")


async def read_on(chunks: AsyncIterator[bytes], got: list[bytes]) -> None:
    async for chunk in chunks:
        got += [chunk]


async def test_damaged_bytes_are_never_given_out_whole(local: DocumentStore, tmp_path: Path) -> None:
    digest = name_of(LARGE)
    await local.put(digest, pieces(LARGE, 65_536), "application/pdf")
    damage(tmp_path / f"documents/objects/{digest[:2]}/{digest}")
    got: list[bytes] = []
    with pytest.raises(DocumentDamagedError):
        await read_on(local.get(digest), got)
    assert 0 < sum(map(len, got)) < len(LARGE)


async def test_two_uploads_of_the_same_at_once_are_both_right(local: DocumentStore, tmp_path: Path) -> None:
    digest = name_of(LARGE)
    put = [local.put(digest, pieces(LARGE, 65_536), "application/pdf") for _ in range(4)]
    assert all(isinstance(item, StoredDocument) for item in await asyncio.gather(*put))
    assert kept(tmp_path) == [digest]


async def test_what_a_killed_process_left_is_swept(local: DocumentStore, tmp_path: Path) -> None:
    incoming = tmp_path / "documents/incoming"
    incoming.mkdir()
    for name in ("finished-but-not-placed", "begun#1"):
        (incoming / name).write_bytes(b"x")
    await local.put(name_of(SCAN), pieces(SCAN), "application/pdf")
    now = datetime.now(UTC)
    assert await local.sweep(now - timedelta(hours=1)) == 0
    assert await local.sweep(now + timedelta(minutes=1)) == 2
    assert kept(tmp_path) == [name_of(SCAN)]


async def test_a_removed_document_is_missing_and_can_come_again(store: DocumentStore) -> None:
    digest = name_of(SCAN)
    await store.put(digest, pieces(SCAN), "application/pdf")
    assert [await store.remove(digest) for _ in range(2)] == [True, False]
    assert await store.remove("../x") is False
    assert await store.look(digest) is DocumentReason.MISSING
    await store.put(digest, pieces(SCAN), "application/pdf")
    assert await fetched(store, digest) == SCAN


async def test_a_store_belongs_to_the_first_hub_that_asks(store: DocumentStore) -> None:
    answers = [await store.belongs_to(hub) for hub in ("hub-1", "hub-2", "hub-1")]
    assert answers == [True, False, True]


async def test_documents_are_listed_by_when_they_were_uploaded_last(store: DocumentStore) -> None:
    async def listed(before: datetime) -> set[str]:
        return {digest async for page in store.stored_before(before) for digest in page}

    for content in (SCAN, PAGE):
        media_type = "application/pdf" if content is SCAN else "image/png"
        await store.put(name_of(content), pieces(content), media_type)
    now = datetime.now(UTC)
    assert await listed(now - timedelta(minutes=1)) == set()
    assert await listed(now + timedelta(minutes=1)) == {name_of(SCAN), name_of(PAGE)}


def test_a_folder_or_bucket_that_cannot_be_used_is_told_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DocumentsSettingError, match="HUB_DOCUMENTS__FOLDER"):
        documents(DocumentsSettings(folder=tmp_path / "file/documents"))
    with pytest.raises(DocumentsSettingError, match="HUB_DOCUMENTS__URL"):
        documents(DocumentsSettings(url="az://a-container-without-its-account"))
    with pytest.raises(ValidationError):
        DocumentsSettings(url="https://example.test/read-only")


async def test_a_bucket_that_does_not_answer_is_no_answer_about_a_document() -> None:
    away = DocumentStore(closed_bucket(), LIMIT)
    with pytest.raises(DocumentsAwayError):
        await away.look(name_of(SCAN))
    with pytest.raises(DocumentsAwayError):
        await away.put(name_of(SCAN), pieces(SCAN), "application/pdf")


@pytest.mark.parametrize(
    "head", [b"", b"%PDF", b"GIF89a", b"PK\x03\x04", b"<html>", b"<SignedCopying>", b"\x00" * 99]
)
def test_other_beginnings_are_no_media_type_that_is_taken(head: bytes) -> None:
    assert media_type_of(head) is None
    assert "text/html" not in ALLOWED
