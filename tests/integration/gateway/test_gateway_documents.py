"""Scans over HTTPS: stored whole or not at all, and shown to those who may see them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx
import orjson

from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, SUBMIT, submission

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4000 + b"\n%%EOF\n"


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def upload(visitor: Visitor, content: bytes, digest: str | None = None) -> httpx.Response:
    return await visitor.client.post(
        "/v1/documents",
        params={"sha256": digest or digest_of(content)},
        content=content,
        headers={"content-type": "application/pdf"},
    )


async def test_what_was_uploaded_comes_back_byte_for_byte(counter: Visitor) -> None:
    stored = await upload(counter, PDF)
    assert (stored.status_code, stored.json()["bytes"]) == (201, len(PDF))
    found = await counter.client.get(stored.headers["location"])
    assert (found.status_code, found.content) == (200, PDF)
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == "attachment"


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


async def test_another_digest_leaves_nothing_behind(site: Site, counter: Visitor) -> None:
    wrong = digest_of(b"something else")
    refused = await upload(counter, PDF + b"other", wrong)
    assert (refused.status_code, refused.json()["code"]) == (400, "document.digest_differs")
    for digest in (wrong, digest_of(PDF + b"other")):
        assert (await counter.client.get(f"/v1/documents/{digest}")).status_code == 404


async def test_a_document_over_the_limit_is_refused(counter: Visitor) -> None:
    large = PDF + bytes(3_000_000)
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
    assert (await counter.client.get(f"/v1/documents/{digest_of(large)}")).status_code == 404


async def test_a_document_that_stalls_or_breaks_off_leaves_nothing(counter: Visitor) -> None:
    content = PDF + b"slow"

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
    assert (await counter.client.get(f"/v1/documents/{digest_of(content)}")).status_code == 404


async def test_a_document_that_a_message_named_is_shown_to_its_receiver(
    site: Site, counter: Visitor, agency: Visitor
) -> None:
    await upload(counter, PDF + b"sent")
    digest = digest_of(PDF + b"sent")
    receipt = await counter.receipt(SUBMIT, "ref:with-copy", submission())
    dossier = receipt["dossier"]
    named = {"to": [agency.name], "data": {"files": [{"sha256": digest}]}}
    await site.hub.database.execute(
        "insert into fact (dossier_id, sequence, id, type, time, bytes, hash)"
        " values ($1::text::uuid, 99, $2::text::uuid, 'onestop.test.v1', now(), $3, '')",
        dossier,
        str(uuid.uuid4()),
        orjson.dumps(named),
    )
    shown = await agency.client.get(f"/v1/documents/{digest}", params={"dossier": dossier})
    assert shown.content == PDF + b"sent"
    for asked in ({}, {"dossier": str(uuid.uuid4())}, {"dossier": "x"}):
        assert (await agency.client.get(f"/v1/documents/{digest}", params=asked)).status_code == 404
    other = await upload(counter, PDF + b"not sent")
    hidden = await agency.client.get(other.headers["location"], params={"dossier": dossier})
    assert hidden.status_code == 404
