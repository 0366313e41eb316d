"""A real engine: copies are registered when store and signature hold, else refused with one reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from hub.documents.settings import DocumentsSettings
from hub.documents.store import DocumentStore, Stored, documents
from hub.embedded.stack import StackAddress
from hub.signing.building import sign_copy
from hub.signing.manifest import Manifest
from hub.signing.sandbox import Sandbox
from tests.support import signing
from tests.support.hubs import own_hub
from tests.support.requests import COMPONENTS, OFFICER, ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

REGISTER = "onestop.copy.register.v1"
COMPONENT = str(COMPONENTS[0]["code"])


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def keep(store: DocumentStore, content: bytes, media_type: str = "application/xml") -> str:
    digest = sha256(content).hexdigest()
    assert isinstance(await store.put(digest, _one(content), media_type), Stored)
    return digest


def manifest(dossier: str, now: datetime) -> Manifest:
    scan = signing.file_of("to-khai.pdf", signing.SCAN, pages=3)
    conversion = replace(signing.CONVERSION, at=now, converter=OFFICER["name"])
    return signing.manifest(
        environment="live",
        dossier=dossier,
        component=COMPONENT,
        organisation=ONE_STOP,
        conversion=conversion,
        files=(scan,),
    )


def registration(package: str) -> dict[str, Any]:
    scan = sha256(signing.SCAN).hexdigest()
    return {"component": COMPONENT, "package": package, "files": [scan], "officer": OFFICER}


async def test_copies_come_through_the_engine_with_the_verifiers_outcome(
    stack: StackAddress, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = Sandbox(now)
    officer = made.officer(OFFICER["account"], OFFICER["name"], ONE_STOP, "digitiser")
    made.write(tmp_path / "pki", "x")
    store = documents(DocumentsSettings(folder=tmp_path / "documents"))
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = hub.engine(
            HUB_SIGNING__TRUST_FOLDER=str(tmp_path / "pki/trust"),
            HUB_DOCUMENTS__FOLDER=str(tmp_path / "documents"),
        )
        engine.start()
        await engine.ready()
        one, other = await traffic.dossiers(counter, 2)
        signed = sign_copy(manifest(one, now), officer.signing_key(), now)
        old = sign_copy(manifest(one, now), officer.signing_key(), now - timedelta(days=40))
        await keep(store, signing.SCAN, "application/pdf")
        good, late = await keep(store, signed), await keep(store, old)
        forged = await keep(store, signed.replace(COMPONENT.encode(), b"KQ.G15.000099"))
        wanted = {
            await traffic.send(counter, REGISTER, one, registration("0" * 64)): "document.missing",
            await traffic.send(counter, REGISTER, one, registration(forged)): "signature.digest",
            await traffic.send(counter, REGISTER, one, registration(late)): "signature.signing_time",
            await traffic.send(counter, REGISTER, other, registration(good)): "rule.15.6.c1",
            await traffic.send(counter, REGISTER, one, registration(good)): "",
        }
        await traffic.check()
        codes = {
            event_id: traffic.receipts(counter, event_id)[0].data.get("code") or ""
            for event_id, code in wanted.items()
            if code
        }
        assert codes == {event_id: code for event_id, code in wanted.items() if code}
        (fact,) = [item for item in counter.inbox if item.type == "onestop.copy.registered.v1"]
        assert (fact.data["package"], fact.data["officer"]) == (good, OFFICER)
        assert await hub.database.fetchval("select max(parked) from dossier") == 0


async def test_a_store_that_is_away_refuses_nothing_and_the_request_is_decided_when_it_is_back(
    stack: StackAddress, tmp_path: Path
) -> None:
    bucket = {
        "HUB_DOCUMENTS__URL": "s3://bucket/documents",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "x",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = hub.engine()
        engine.start(**bucket)
        await engine.ready()
        (dossier,) = await traffic.dossiers(counter, 1)
        await traffic.send(counter, REGISTER, dossier, registration("0" * 64))
        await eventually(
            lambda: "DocumentsAwayError" in engine.output(), 30, "the engine waits", engine.output
        )
        assert len(traffic.unanswered()) == 1
        assert await engine.stop() == 0
        again = hub.engine(HUB_DOCUMENTS__FOLDER=str(tmp_path / "documents"))
        again.start()
        await traffic.answered()
        await traffic.check()
