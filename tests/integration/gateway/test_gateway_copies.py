"""Signed copies: uploaded over HTTPS by a participant over Kafka, shown to whom a message named them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import orjson
import pytest

from hub.facts.fact_bytes import rfc3339
from hub.participants import registry as participants
from hub.signing.building import sign_copy
from hub.signing.manifest import Manifest
from hub.signing.sandbox import Sandbox
from tests.integration.gateway.conftest import Signer
from tests.support import signing
from tests.support.clients import Client
from tests.support.gateways import Site, Visitor
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    COMPONENTS,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)

REGISTER = "onestop.copy.register.v1"
REGISTERED = "onestop.copy.registered.v1"
COMPONENT = str(COMPONENTS[0]["code"])


@pytest.fixture(scope="module")
async def desk(site: Site) -> AsyncIterator[tuple[Client, Visitor]]:
    """A one-stop with a Kafka client, and the client of its scanner."""
    hub = site.hub
    password = await hub.register("desk", ["counter"], [ONE_STOP])
    token = await participants.let_in_for_documents(hub.database, hub.store_key, "desk")
    async with Client(hub.address.kafka_bootstrap, hub.prefix, "desk", password) as client:
        yield client, await site.visitor("desk", token)


async def upload(visitor: Visitor, content: bytes, media_type: str) -> str:
    digest = sha256(content).hexdigest()
    answer = await visitor.client.post(
        "/v1/documents", params={"sha256": digest}, content=content, headers={"content-type": media_type}
    )
    assert answer.status_code in (200, 201), answer.text
    return digest


def manifest_of(dossier: str, scan: bytes, signer: Signer) -> Manifest:
    """A copy of one file, as the officer signs it."""
    return signing.manifest(
        dossier=dossier,
        component=COMPONENT,
        organisation=ONE_STOP,
        conversion=replace(signing.CONVERSION, at=signer.now, converter=OFFICER["name"]),
        files=(signing.file_of("to-khai.pdf", scan, pages=3),),
    )


async def read(visitor: Visitor, digest: str, dossier: str | None = None) -> httpx.Response:
    params = {"dossier": dossier} if dossier else {}
    return await visitor.client.get(f"/v1/documents/{digest}", params=params)


async def test_a_participant_over_kafka_uploads_and_its_copy_reaches_the_agency_over_https(
    site: Site, desk: tuple[Client, Visitor], agency: Visitor, population: Visitor, signer: Signer
) -> None:
    client, scanner = desk
    stranger = await site.join("agency-stranger", ["agency"], ["000.77.77.H07"])
    submitted = (await client.ask(SUBMIT, "ref:copy-1", submission())).data
    dossier = submitted["dossier"]
    scan = signing.SCAN + b"of the desk"
    package = sign_copy(manifest_of(dossier, scan, signer), signer.key, signer.now)
    digests = [
        await upload(scanner, scan, "application/pdf"),
        await upload(scanner, package, "application/xml"),
    ]
    asked = {"component": COMPONENT, "package": digests[1], "files": digests[:1], "officer": OFFICER}
    registered = (await client.ask(REGISTER, dossier, asked)).data
    assert [fact["type"] for fact in registered["facts"]] == [REGISTERED], registered
    for digest in digests:
        assert (await read(agency, digest, dossier)).status_code == 404, "the dossier is not forwarded yet"
    await forward(client, population, dossier)
    await agency.message("onestop.dossier.forwarded.v1", dossier)
    found = (await agency.client.get(f"/v1/dossiers/{dossier}")).json()
    assert found["copies"] == [{"component": COMPONENT, "package": digests[1], "is_certified": False}]
    for digest, content in zip(digests, (scan, package), strict=True):
        assert (await read(agency, digest, dossier)).content == content
        assert (await read(agency, digest)).status_code == 404
        assert (await read(stranger, digest, dossier)).status_code == 404


@pytest.mark.parametrize(
    "code",
    [
        "document.missing",
        "signature.file_missing",
        "signature.digest",
        "signature.unknown_signer",
        "rule.15.6.c1",
    ],
)
async def test_a_copy_that_is_not_sound_is_refused_with_the_one_reason_and_nothing_of_it_is_kept(
    desk: tuple[Client, Visitor], signer: Signer, code: str
) -> None:
    client, scanner = desk
    dossier = (await client.ask(SUBMIT, f"ref:{uuid.uuid4()}", submission())).data["dossier"]
    scan = signing.SCAN + code.encode()
    of_another = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001" if code == "rule.15.6.c1" else dossier
    stranger = Sandbox(signer.now).officer(OFFICER["account"], OFFICER["name"], ONE_STOP, "digitiser")
    key = stranger.signing_key() if code == "signature.unknown_signer" else signer.key
    package = sign_copy(manifest_of(of_another, scan, signer), key, signer.now)
    if code == "signature.digest":
        package = package.replace(COMPONENT.encode(), b"KQ.G15.000099")
    if code != "signature.file_missing":
        await upload(scanner, scan, "application/pdf")
    if code != "document.missing":
        await upload(scanner, package, "application/xml")
    digests = [sha256(scan).hexdigest(), sha256(package).hexdigest()]
    asked = {"component": COMPONENT, "package": digests[1], "files": digests[:1], "officer": OFFICER}
    refused = (await client.ask(REGISTER, dossier, asked)).data
    assert refused["code"] == code
    assert refused["message_vi"]
    found = (await scanner.client.get(f"/v1/dossiers/{dossier}")).json()
    assert (found["sequence"], found["copies"]) == (1, [])


async def test_who_names_the_document_of_another_gets_neither_it_nor_word_of_it(
    desk: tuple[Client, Visitor], agency: Visitor, signer: Signer
) -> None:
    """The signature is genuine, digest and size are right: a digest alone is no right to what it names."""
    client, scanner = desk
    secret = signing.SCAN + b"uploaded by an agency and told to nobody"
    foreign = await upload(agency, secret, "application/pdf")
    dossier = (await client.ask(SUBMIT, f"ref:{uuid.uuid4()}", submission())).data["dossier"]
    answers = []
    for content in (secret, signing.SCAN + b"never uploaded"):
        package = sign_copy(manifest_of(dossier, content, signer), signer.key, signer.now)
        named = await upload(scanner, package, "application/xml")
        files = [sha256(content).hexdigest()]
        asked = {"component": COMPONENT, "package": named, "files": files, "officer": OFFICER}
        answers.append((await client.ask(REGISTER, dossier, asked)).data)
    for missing in (foreign, "0" * 64):
        asked = {"component": COMPONENT, "package": missing, "files": [foreign], "officer": OFFICER}
        answers.append((await client.ask(REGISTER, dossier, asked)).data)
    assert [answer["code"] for answer in answers] == ["signature.file_missing"] * 2 + ["document.missing"] * 2
    assert [without_ids(answer) for answer in answers[::2]] == [
        without_ids(answer) for answer in answers[1::2]
    ]
    assert (await read(scanner, foreign, dossier)).status_code == 404


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """What a receipt tells beside its own names and times."""
    return {
        name: answer[name] for name in answer if name not in {"request", "receipt", "received_at", "place"}
    }


async def forward(client: Client, population: Visitor, dossier: str) -> None:
    """Identity known, taken in, on its way to the agency."""
    await client.ask(VERIFY, dossier, verification())
    asked = await population.message("onestop.identity.check_requested.v1", dossier)
    await population.receipt(REPORT_IDENTITY, dossier, identity_report(asked["data"]["check"]))
    for event_type, data in ((ACCEPT, acceptance()), (FORWARD, {"officer": OFFICER, "to": AGENCY})):
        done = (await client.ask(event_type, dossier, data)).data
        assert "facts" in done, done


async def test_a_participant_over_kafka_gets_documents_and_look_ups_and_no_more(
    site: Site, desk: tuple[Client, Visitor]
) -> None:
    client, scanner = desk
    submitted = (await client.ask(SUBMIT, "ref:copy-2", submission())).data
    dossier, event_id = submitted["dossier"], submitted["request"]
    for path in (f"/v1/dossiers/{dossier}", "/v1/dossiers/ref:copy-2", f"/v1/receipts/{event_id}"):
        assert (await scanner.client.get(path)).status_code == 200, path
    posted = str(uuid.uuid4())
    answers = [
        await scanner.send(SUBMIT, "ref:copy-3", submission(), event_id=posted),
        await scanner.client.get("/v1/messages"),
        await scanner.client.get("/v1/messages", headers={"accept": "text/event-stream"}),
        await scanner.client.get("/v1/nothing"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (403, "http.over_kafka")
        assert answer.json()["title_vi"]
    stored = "select count(*) from inbox where participant = 'desk' and id = $1"
    assert await site.hub.database.fetchval(stored, posted) == 0


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("onestop.result.issued.v1", {"papers": [{"number": "DIGEST"}]}),
        ("onestop.result.issued.v1", {"package": "DIGEST"}),
        ("onestop.copy.registered.v1", {"manifest": "DIGEST"}),
        ("onestop.copy.registered.v1", {"files": [{"digest": "see DIGEST"}]}),
        ("onestop.case.progressed.v1", {"step": "DIGEST", "package": "DIGEST"}),
        ("onestop.copy.registered.v1", None),
    ],
)
async def test_a_digest_in_a_text_grants_nothing(
    site: Site, counter: Visitor, agency: Visitor, kind: str, named: dict[str, Any] | None
) -> None:
    content = signing.SCAN + str((kind, named)).encode()
    digest = await upload(counter, content, "application/pdf")
    submitted = await counter.receipt(SUBMIT, f"ref:{uuid.uuid4()}", submission())
    dossier = submitted["dossier"]
    data = orjson.loads(orjson.dumps(named).replace(b"DIGEST", digest.encode()))
    await store_fact(site, dossier, 98, kind, {"to": [agency.name], "data": data})
    assert (await read(agency, digest, dossier)).status_code == 404
    proper = {"to": [counter.name], "data": {"package": digest}}
    await store_fact(site, dossier, 99, REGISTERED, proper)
    assert (await read(agency, digest, dossier)).status_code == 404, "it was told to another"
    await store_fact(site, dossier, 100, REGISTERED, proper | {"to": [agency.name]})
    assert (await read(agency, digest, dossier)).content == content
    assert (await read(agency, digest, str(uuid.uuid4()))).status_code == 404
    assert (await read(agency, digest, "x")).status_code == 404


async def test_the_files_of_a_package_that_was_named_are_shown_with_it(
    site: Site, counter: Visitor, agency: Visitor, signer: Signer
) -> None:
    dossier = (await counter.receipt(SUBMIT, f"ref:{uuid.uuid4()}", submission()))["dossier"]
    paper = signing.SCAN + b"of a result"
    package = sign_copy(manifest_of(dossier, paper, signer), signer.key, signer.now)
    inside = await upload(agency, paper, "application/pdf")
    signed = await upload(agency, package, "application/xml")
    beside = await upload(agency, signing.SCAN + b"of no package", "application/pdf")
    data = {"papers": [{"package": signed}, {"package": beside}, {"package": "0" * 64}]}
    assert (await read(counter, inside, dossier)).status_code == 404
    await store_fact(site, dossier, 98, "onestop.result.issued.v1", {"to": [counter.name], "data": data})
    assert (await read(counter, inside, dossier)).content == paper
    assert (await read(counter, signed, dossier)).content == package
    spoilt = "update fact set bytes = replace(convert_from(bytes, 'UTF8'), '\"to\":', '\"to\": ')::bytea"
    await site.hub.database.execute(f"{spoilt} where dossier_id = $1 and sequence = 98", dossier)
    assert (await read(counter, signed, dossier)).status_code == 404, "an altered fact gives no right"
    unnamed = await upload(agency, signing.SCAN + b"of nothing", "application/pdf")
    assert (await read(counter, unnamed, dossier)).status_code == 404


async def store_fact(site: Site, dossier: str, sequence: int, kind: str, body: dict[str, Any]) -> None:
    """A fact as the engine stores it, with contents of the test's own."""
    fact_id, at = str(uuid.uuid4()), datetime.now(UTC)
    said = {"id": fact_id, "type": kind, "dossier": dossier, "sequence": sequence, "time": rfc3339(at)}
    content = orjson.dumps(said | body)
    hashed = sha256(content).digest()
    await site.hub.database.execute(
        "insert into fact (dossier_id, sequence, id, type, time, bytes, hash, mac)"
        " values ($1::text::uuid, $2, $3::text::uuid, $4, $5, $6, $7, $8)",
        *(dossier, sequence, fact_id, kind, at, content, hashed, site.hub.store_key.fact(hashed)),
    )
