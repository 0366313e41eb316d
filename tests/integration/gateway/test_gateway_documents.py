"""Scans over HTTPS: stored whole or not at all, and shown to those who may see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.support.bare_http import head, raw
from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP
from tests.support.waiting import eventually

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4000 + b"\n%%EOF\n"


def files_of(site: Site) -> dict[Path, int]:
    """All that lies in the store of documents, whole or half."""
    return {path: path.stat().st_size for path in site.documents.rglob("*") if path.is_file()}


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def upload(
    visitor: Visitor, content: bytes, digest: str | None = None, kind: str = "application/pdf"
) -> httpx.Response:
    return await visitor.client.post(
        "/v1/documents",
        params={"sha256": digest or digest_of(content)},
        content=content,
        headers={"content-type": kind},
    )


async def test_what_was_uploaded_comes_back_byte_for_byte(counter: Visitor) -> None:
    stored = await upload(counter, PDF)
    assert (stored.status_code, stored.json()["bytes"]) == (201, len(PDF))
    found = await counter.client.get(stored.headers["location"])
    assert (found.status_code, found.content) == (200, PDF)
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == "attachment"


async def test_the_head_of_a_document_is_told_without_it_and_a_part_of_it_is_the_whole(
    counter: Visitor,
) -> None:
    place = (await upload(counter, PDF)).headers["location"]
    whole = await counter.client.get(place)
    told = await counter.client.head(place)
    assert (told.status_code, told.content) == (200, b"")
    shown = {"content-type", "content-length", "content-disposition", "etag", "accept-ranges"}
    assert {name: told.headers[name] for name in shown} == {name: whole.headers[name] for name in shown}
    assert told.headers["accept-ranges"] == "none"
    part = await counter.client.get(place, headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (200, PDF), "only the whole can be held against its digest"
    missing = await counter.client.head(f"/v1/documents/{digest_of(b'nothing')}")
    assert (missing.status_code, missing.content) == (404, b"")


async def test_an_upload_can_be_repeated(counter: Visitor) -> None:
    content = PDF + b"again"
    assert (await upload(counter, content)).status_code == 201
    assert (await upload(counter, content)).status_code == 200


async def test_a_foreign_document_and_one_that_is_not_there_look_the_same(
    site: Site, counter: Visitor
) -> None:
    other = await site.join("counter-reader", ["counter"], [ONE_STOP])
    await upload(counter, PDF + b"secret")
    foreign = await other.client.get(f"/v1/documents/{digest_of(PDF + b'secret')}")
    missing = await other.client.get(f"/v1/documents/{digest_of(b'nothing')}")
    assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert foreign.json()["code"] == "document.unknown"


async def test_a_document_that_was_claimed_in_the_database_is_shown_only_to_who_uploads_it(
    site: Site, counter: Visitor
) -> None:
    content = PDF + b"claimed"
    other = await site.join("counter-claims", ["counter"], [ONE_STOP])
    place = (await upload(counter, content)).headers["location"]
    claim = "insert into document_owner (participant, sha256) values ($1, $2)"
    await site.hub.database.execute(claim, other.name, bytes.fromhex(digest_of(content)))
    assert (await other.client.get(place)).status_code == 404
    assert (await upload(other, content)).status_code == 200
    assert (await other.client.get(place)).content == content


async def test_many_uploads_of_the_same_at_once_store_it_once(site: Site, counter: Visitor) -> None:
    content, before = PDF + b"at once", files_of(site)
    answers = await asyncio.gather(*(upload(counter, content) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert (await counter.client.get(answers[0].headers["location"])).content == content
    added = {path.name: size for path, size in files_of(site).items() if path not in before}
    assert added == {digest_of(content): len(content)}


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (PDF, "image/png", 415, "document.media_type_differs"),
        (b"GIF89a no type that is taken", "image/gif", 415, "document.media_type_not_allowed"),
        (b"#!/bin/sh\nexit 0\n", "application/pdf", 415, "document.media_type_differs"),
        (b"<html></html>", "text/html", 415, "document.media_type_not_allowed"),
        (b"", "application/pdf", 400, "document.empty"),
    ],
)
async def test_a_document_of_a_wrong_type_is_refused_with_the_one_reason(
    site: Site, counter: Visitor, content: bytes, kind: str, status: int, code: str
) -> None:
    content, before = content and content + b"wrong", files_of(site)
    refused = await upload(counter, content, kind=kind)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["title_vi"]
    assert files_of(site) == before
    assert (await counter.client.get(f"/v1/documents/{digest_of(content)}")).status_code == 404


async def test_another_digest_leaves_nothing_behind(site: Site, counter: Visitor) -> None:
    wrong, before = digest_of(b"something else"), files_of(site)
    refused = await upload(counter, PDF + b"other", wrong)
    assert (refused.status_code, refused.json()["code"]) == (400, "document.digest_differs")
    assert files_of(site) == before
    for digest in (wrong, digest_of(PDF + b"other")):
        assert (await counter.client.get(f"/v1/documents/{digest}")).status_code == 404


async def test_a_document_over_the_limit_is_refused(site: Site, counter: Visitor) -> None:
    large, before = PDF + bytes(3_000_000), files_of(site)
    refused = await upload(counter, large)
    assert (refused.status_code, refused.json()["code"]) == (413, "http.too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 100_000):
            yield large[start : start + 100_000]

    try:
        refused = await counter.client.post(
            "/v1/documents",
            params={"sha256": digest_of(large)},
            content=pieces(),
            headers={"content-type": "application/pdf"},
        )
    except httpx.TransportError:
        pass
    else:
        assert refused.status_code == 413
    await nothing_new(site, before)
    assert (await counter.client.get(f"/v1/documents/{digest_of(large)}")).status_code == 404


async def nothing_new(site: Site, before: dict[Path, int]) -> None:
    """What a broken upload has left is gone as soon as the gateway has noticed."""
    await eventually(lambda: files_of(site) == before, 10, "the store as it was", site.gateway.output)


async def test_a_document_that_breaks_off_in_the_middle_leaves_nothing(site: Site, counter: Visitor) -> None:
    content, before = PDF + b"broken", files_of(site)
    place = f"/v1/documents?sha256={digest_of(content)}"
    lines = head(counter, len(content), place).replace(b"application/json", b"application/pdf")
    for sent in (content[: 1 << 19], content[:-1]):
        refusals = len(site.gateway.actions("request_failed"))
        async with raw(site) as (_, writer):
            writer.write(lines + sent)
            await writer.drain()
        await nothing_new(site, before)
        assert (await counter.client.get(f"/v1/documents/{digest_of(content)}")).status_code == 404
        assert len(site.gateway.actions("request_failed")) == refusals
    assert (await upload(counter, content)).status_code == 201


async def test_a_document_that_stalls_leaves_nothing(site: Site, counter: Visitor) -> None:
    content, before = PDF + b"slow", files_of(site)

    async def stalling() -> AsyncIterator[bytes]:
        yield content[:5000]
        await asyncio.Event().wait()

    headers = {"content-type": "application/pdf", "content-length": str(len(content))}
    asked = counter.client.post(
        "/v1/documents", params={"sha256": digest_of(content)}, content=stalling(), headers=headers
    )
    sending = asyncio.create_task(asked)
    done, _ = await asyncio.wait([sending], timeout=10)
    if done and sending.exception() is None:
        assert sending.result().json()["code"] == "http.slow"
    sending.cancel()
    await nothing_new(site, before)
    assert (await counter.client.get(f"/v1/documents/{digest_of(content)}")).status_code == 404
