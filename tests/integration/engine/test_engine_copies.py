"""A real engine: copies are registered when store and signature hold, else refused with one reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from obstore.store import MemoryStore

from hub.documents.store import DocumentStore, documents
from hub.embedded.stack import StackAddress
from hub.settings.documents import DocumentsSettings
from hub.signing.building import sign_copy
from hub.signing.manifest import Manifest
from hub.signing.sandbox import Sandbox
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support import signing
from tests.support.hubs import own_hub
from tests.support.requests import COMPONENTS, OFFICER, ONE_STOP, SUBMIT, VERIFY, submission, verification
from tests.support.traffic import Traffic
from tests.support.uploads import upload
from tests.support.waiting import eventually

REGISTER = "onestop.copy.register.v1"
COMPONENT = str(COMPONENTS[0]["code"])
MEMORY = DocumentStore(MemoryStore(), 1 << 20)
NO_PACKAGE = signing.package().replace(b"</SignedCopy>", b"<Other/></SignedCopy>")


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
        keep = partial(upload, store, hub.database, hub.store_key, by=("counter-a",))
        engine = hub.engine(
            HUB_SIGNING__TRUST_FOLDER=str(tmp_path / "pki/trust"),
            HUB_DOCUMENTS__FOLDER=str(tmp_path / "documents"),
        )
        engine.start()
        await engine.ready()
        one, other = await traffic.dossiers(counter, 2)
        signed = sign_copy(manifest(one, now), officer.signing_key(), now)
        old = sign_copy(manifest(one, now), officer.signing_key(), now - timedelta(days=40))
        await keep(signing.SCAN, "application/pdf")
        good, late = await keep(signed), await keep(old)
        forged = await keep(signed.replace(COMPONENT.encode(), b"KQ.G15.000099"))
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
        told = {str(line["code"]): line for line in engine.actions("signature_refused")}
        assert told.keys() == {"signature.digest", "signature.signing_time"}
        assert told["signature.digest"]["packages"] == forged
        assert told["signature.digest"]["dossier"] == fact.key


async def test_what_needs_a_store_that_is_away_waits_and_nothing_else_does(
    stack: StackAddress, tmp_path: Path
) -> None:
    """The bucket's address is a port where nobody listens; later a folder that has the documents."""
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
        one, other = await traffic.dossiers(counter, 2)
        mine = await upload(MEMORY, hub.database, hub.store_key, NO_PACKAGE, by=("counter-a",))
        waiting = await traffic.send(counter, REGISTER, one, registration(mine))
        await eventually(lambda: "documents_away" in engine.output(), 30, "the engine waits", engine.output)
        assert (await counter.ask(VERIFY, other, verification())).type == RECEIPT_ACCEPTED
        unknown = registration("0" * 64) | {"component": "KQ.G15.000099"}
        assert (await counter.ask(REGISTER, other, unknown)).data["code"] == "rule.15.6.c1"
        assert (await counter.ask(SUBMIT, "ref:meanwhile", submission())).type == RECEIPT_ACCEPTED
        assert traffic.unanswered() == [("counter-a", waiting)]
        assert await hub.database.fetchval("select reason from parked_request") == "documents.away"
        assert await engine.stop() == 0
        again = hub.engine(HUB_DOCUMENTS__FOLDER=str(tmp_path / "documents"))
        again.start()
        store = documents(DocumentsSettings(folder=tmp_path / "documents"))
        await upload(store, hub.database, hub.store_key, NO_PACKAGE, by=())
        await eventually(lambda: not traffic.unanswered(), 60, "it is decided", again.output)
        told = traffic.receipts(counter, waiting)
        assert [receipt.data["code"] for receipt in told] == ["signature.shape"]
        assert await hub.database.fetchval("select count(*) from parked_request") == 0
