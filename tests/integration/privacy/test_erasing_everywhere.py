"""After an erasure nothing of the person is left: every table and every stored document is searched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from hub.documents.store import documents
from hub.embedded.stack import StackAddress
from hub.facts.entries import WholeEntry, encode_segment
from hub.facts.message import Message
from hub.inbound.envelope import digest
from hub.settings.documents import DocumentsSettings
from hub.signing.building import sign_copy
from hub.signing.manifest import Manifest, OwnerByNumber, manifest_bytes
from hub.signing.sandbox import Sandbox
from tests.integration.engine.test_engine_copies import REGISTER, manifest, registration
from tests.support import signing
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import COMPONENTS, OFFICER, ONE_STOP, SUBMIT, VERIFY, submission, verification
from tests.support.uploads import upload
from tests.support.waiting import eventually

NAME, NUMBER = "Hoàng Thị Không Có", "083190000123"
"""Synthetic."""
OTHER = "Vũ Văn Ở Lại"
BY = ("--operator", "operator-1", "--reason", "a court's order", "--yes")


def forms(text: str) -> set[bytes]:
    """As UTF-8, as JSON's escapes, and as Base64 at each of its three places."""
    raw = text.encode()
    shifted = {b64encode(b"\0" * n + raw)[4 if n else 0 : -4] for n in range(3)}
    return {raw, ascii(text)[1:-1].encode(), *shifted}


async def places_with(hub: Hub, folder: Path, *texts: str) -> set[str]:
    """Tables and documents in which something of the person stands."""
    return await places_of(hub, folder, {form for text in texts for form in forms(text)})


def guesses(hub: Hub, reference: str, number: str, told: Manifest) -> set[bytes]:
    """What a store could hold of a request and a manifest whose contents somebody guesses, number by number.

    Also for one who has the store's key: it is there as long as the hub is.
    """
    party = {"kind": "citizen", "name": NAME, "identity_number": number, "birth_date": "1990-01-02"}
    value = orjson.dumps(submission(applicant=party))
    request = digest(SUBMIT, reference, None, value)
    guessed = replace(told, metadata=replace(told.metadata, owner=OwnerByNumber(number)))
    plain = [request, *(sha256(one).digest() for one in (value, number.encode(), manifest_bytes(guessed)))]
    made = {form for one in plain for form in (one, hub.store_key.digest(one))}
    return made | {form.hex().encode() for form in made} | {b64encode(form) for form in made}


async def places_of(hub: Hub, folder: Path, needles: set[bytes]) -> set[str]:
    tables = await hub.database.fetch(
        "select table_name as name from information_schema.tables where table_schema = 'public'"
    )
    found = set()
    for table in tables:
        for row in await hub.database.fetch(f'select * from "{table["name"]}"'):  # noqa: S608  catalogue's names
            whole = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row.values())
            if any(needle in whole for needle in needles):
                found.add(table["name"])
    if any(needle in content for content in contents(folder) for needle in needles):
        found.add("documents")
    return found


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


async def adapters_hold(hub: Hub, dossier: str, name: str) -> None:
    """What adapters store on the way out and back, what the portal knows, and bytes nobody could read."""
    text = orjson.dumps({"name": name})
    await hub.database.execute(
        """
        insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at,
                              outcome)
        values ('postal', 'sent ' || $1, $1, 1, 't', $1, now(), $2, 'delivered', now(), $3),
               ('postal', 'to send ' || $1, $1, 2, 't', $1, now(), $2, 'pending', null, null)
        """,
        dossier,
        text,
        orjson.dumps({"kind": "delivered", "answer": {"taken_from": name}}).decode(),
    )
    await hub.database.execute(
        """
        insert into delivery_report (adapter, id, type, subject, time, data, state)
        values ('postal', 'tracking ' || $1, 't', $1, now(), $2, 'confirmed')
        """,
        dossier,
        text,
    )
    await hub.database.execute(
        """
        insert into delivery_poison (adapter, topic, partition, "offset", why, key, headers, value)
        values ('postal', 'out.postal', 0, (select count(*) from delivery_poison), 'bad_json',
                convert_to($1, 'UTF8'), '[]', $2)
        """,
        dossier,
        text,
    )
    await hub.database.execute(
        "insert into portal_dossier (dossier, folded, record) values ($1, 1, $2)", dossier, text
    )
    await hub.database.execute(
        "insert into portal_line (message, dossier, line) values ('line ' || $1, $1, $2)", dossier, text
    )


async def waits(hub: Hub, counter: Client, dossier: str) -> None:
    """A message that the counter got, as it lies when its topic cannot be written."""
    got = next(m for m in counter.inbox if m.key == dossier and "submitted" in m.type)
    headers = tuple((name, value.encode()) for name, value in got.headers.items())
    message = Message("out.counter-a", dossier, headers, got.value)
    await hub.database.execute(
        "insert into blocked_message (topic, shard, payload) values ('out.counter-a', 9, $1)",
        message.encode(),
    )
    # No process owns this shard, so it stays.
    segment = encode_segment([WholeEntry.of(message)])
    check = hub.store_key.segment(9, segment)
    await hub.database.execute("insert into segment (shard, payload, mac) values (9, $1, $2)", segment, check)


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path) as running:
        yield running


def links(facts: list[bytes]) -> Iterator[tuple[str | None, str]]:
    """What each fact says of the one before, and its own hash."""
    for fact in facts:
        yield orjson.loads(fact)["previous"], sha256(fact).hexdigest()


async def test_nothing_of_the_person_is_left_in_any_table_or_document_and_the_chain_still_verifies(
    hub: Hub, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = Sandbox(now)
    officer = made.officer(OFFICER["account"], OFFICER["name"], ONE_STOP, "digitiser")
    made.write(tmp_path / "pki", "x")
    folder = tmp_path / "documents"
    store = documents(DocumentsSettings(folder=folder))
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    keep = partial(upload, store, hub.database, hub.store_key, by=("counter-a",))
    engine = hub.engine(
        HUB_SIGNING__TRUST_FOLDER=str(tmp_path / "pki/trust"), HUB_DOCUMENTS__FOLDER=str(folder)
    )
    engine.start()
    await engine.ready()
    dossiers, manifests = dict[str, str](), dict[str, Manifest]()
    for name, reference in ((NAME, "ref:hs-1"), (OTHER, "ref:hs-2")):
        party = {"kind": "citizen", "name": name, "identity_number": NUMBER, "birth_date": "1990-01-02"}
        if name is OTHER:
            party["identity_number"] = "083190000456"
        receipt = await counter.ask(SUBMIT, reference, submission(applicant=party))
        dossier = dossiers[name] = str(receipt.data["dossier"])
        scan = b"%PDF-1.7\n" + f"{name} {party['identity_number']}".encode()
        listed = signing.file_of("to-khai.pdf", scan)
        owner = OwnerByNumber(str(party["identity_number"]))
        told = manifest(dossier, now)
        told = replace(told, files=(listed,), metadata=replace(told.metadata, owner=owner))
        manifests[name] = told
        await keep(scan, "application/pdf")
        package = await keep(sign_copy(told, officer.signing_key(), now))
        data = registration(package) | {"files": [listed.sha256], "component": COMPONENTS[0]["code"]}
        accepted = await counter.ask(REGISTER, reference, data)
        assert accepted.type == "onestop.receipt.accepted.v1", accepted.data
        cut = await counter.send(VERIFY, reference, orjson.dumps(verification() | {"x": name})[:-1])
        assert (await counter.receipt(cut)).data["code"] == "envelope.no_json"
        await adapters_hold(hub, dossier, name)
        await eventually(lambda d=dossier: has_submitted(counter, d), 20, "the fact")  # type: ignore[misc]
        await waits(hub, counter, dossier)
    facts = await stored(hub, dossiers[NAME])
    full = {
        "blocked_message", "dead_letter", "delivery", "delivery_report", "delivery_poison", "documents",
        "portal_dossier", "portal_line", "segment",
    }  # fmt: skip
    assert await places_with(hub, folder, NAME, NUMBER) == full
    assert await places_with(hub, folder, OTHER) == full
    right = guesses(hub, "ref:hs-1", NUMBER, manifests[NAME])
    assert await places_of(hub, folder, right) >= {"inbox", "dossier", "documents"}, "while it lives"

    settings = hub.environment | {"HUB_DOCUMENTS__FOLDER": str(folder)}
    status, said = await hub_command(settings, "erase", dossiers[NAME], *BY)
    assert status == 0, said
    assert "1 dead letters dropped, 2 waiting messages emptied, 1 deliveries not sent, 2 emptied" in said
    assert "2 documents deleted" in said
    assert await places_with(hub, folder, NAME, NUMBER) == set()
    assert await places_with(hub, folder, OTHER) == full
    assert await places_of(hub, folder, right) == set(), "no guess can be tried out on what is left"
    assert await stored(hub, dossiers[NAME]) == facts
    assert_chained(facts)
    assert await hub.database.fetchval("select count(*) from document_use") == len(contents(folder)) == 2


def assert_chained(facts: list[bytes]) -> None:
    chain = list(links(facts))
    assert [before for before, _ in chain] == [None, *(own for _, own in chain[:-1])]


def has_submitted(counter: Client, dossier: str) -> bool:
    return any(m.key == dossier and "submitted" in m.type for m in counter.inbox)


async def stored(hub: Hub, dossier: str) -> list[bytes]:
    rows = await hub.database.fetch("select bytes from fact where dossier_id = $1 order by sequence", dossier)
    return [row["bytes"] for row in rows]


async def test_an_erasure_says_when_documents_could_not_be_deleted_yet(hub: Hub, tmp_path: Path) -> None:
    await hub.database.execute("insert into dossier (id, sequence) values (gen_random_uuid(), 0)")
    dossier = str(await hub.database.fetchval("select id from dossier"))
    (tmp_path / "file").write_text("x")
    environment = hub.environment | {"HUB_DOCUMENTS__FOLDER": str(tmp_path / "file/documents")}
    status, said = await hub_command(environment, "erase", dossier, *BY)
    assert (status, "the next sweep deletes them" in said) == (1, True)
    assert await hub.database.fetchval("select count(*) from erasure") == 1
