"""After a run with several people: nothing of them in logs, metrics, keys, headers, or open in the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
)
from tests.support.stack import librdkafka_settings
from tests.support.waiting import eventually

OFFICER = {"account": "083088000099", "name": "Đặng Thị Cán Bộ"}
"""Synthetic; some systems use the personal number as the account."""
PLACES = {"an": "12 Đường Thử Nghiệm", "binh": "34 Ngõ Không Có", "chi": "56 Ấp Giả Định"}


@dataclass(frozen=True, slots=True)
class Someone:
    """A synthetic person."""

    name: str
    number: str
    phone: str
    email: str
    address: str

    @property
    def party(self) -> dict[str, Any]:
        return {
            "kind": "citizen", "name": self.name, "identity_number": self.number, "birth_date": "1990-01-02",
            "phone": self.phone, "email": self.email, "address": self.address,
        }  # fmt: skip

    @property
    def postal(self) -> dict[str, Any]:
        return {"name": self.name, "phone": self.phone, "address": self.address, "province": 93}


def people() -> list[Someone]:
    given = [("Trần Văn Giả", "an"), ("Lê Thị Không Thật", "binh"), ("Phạm Giả Định", "chi")]
    return [
        Someone(name, f"08309000010{n}", f"090000010{n}", f"{key}@thu-nghiem.invalid", PLACES[key])
        for n, (name, key) in enumerate(given, start=1)
    ]


def needles() -> list[bytes]:
    """Everything of everybody, as text and as `\\uXXXX` JSON."""
    texts = [
        text for one in people() for text in (one.name, one.number, one.phone, one.email, one.address)
    ] + [*OFFICER.values()]
    return [form for text in texts for form in {text.encode(), ascii(text)[1:-1].encode()}]


def found_in(haystack: bytes) -> list[bytes]:
    return [needle for needle in needles() if needle in haystack]


@dataclass(frozen=True, slots=True)
class Run:
    """A hub after the run, everything published."""

    hub: Hub
    engine: HubProcess
    counter: Client
    postal: Client
    population: Client
    agency: Client
    records: list[tuple[str, bytes, bytes, bytes]]
    """Topic, key, headers and value of every record of the hub."""

    def values(self, select: Callable[[str], bool]) -> bytes:
        return b"\n".join(value for topic, _, _, value in self.records if select(topic))


@pytest.fixture(scope="module")
async def run(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    folder: Path = tmp_path_factory.mktemp("privacy")
    async with own_hub(stack, folder) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        agency = await hub.join("agency-a", ["agency"], [AGENCY])
        population = await hub.join("population", ["population"])
        postal = await hub.join("postal", ["postal"])
        engine = await hub.start_engine()
        for someone in people():
            await whole_path(counter, population, agency, postal, someone)
            await bad_input(counter, someone)
        await eventually(lambda: nothing_pending(hub), 30, "everything to be published", engine.output)
        records = await asyncio.to_thread(lambda: list(all_records(hub)))
        yield Run(hub, engine, counter, postal, population, agency, records)


async def whole_path(
    counter: Client, population: Client, agency: Client, postal: Client, someone: Someone
) -> None:
    subject = f"ref:{uuid4()}"
    proxy = {"name": people()[0].name, "identity_number": "083090000999", "basis": "hired", "deed": "Số 1"}
    lodged = submission(
        applicant=someone.party, proxy=proxy, summary=f"{someone.name}, {someone.number}",
        sender_address=someone.email, assisted_by=OFFICER["account"],
    )  # fmt: skip
    dossier = accepted(await counter.ask(SUBMIT, subject, lodged))
    for party, number, name in (
        ("owner", someone.number, someone.name),
        ("proxy", proxy["identity_number"], proxy["name"]),
    ):
        person = {"identity_number": number, "name": name, "birth_date": "1990-01-02"}
        asked = {"person": person, "officer_account": OFFICER["account"], "party": party}
        accepted(await counter.ask(VERIFY, subject, asked))
        await eventually(lambda p=party: p in parties(population, dossier), 20, "the check")  # type: ignore[misc]
        checks = population.facts("identity.check_requested", dossier)
        check = next(m.data["check"] for m in checks if m.data["party"] == party)
        accepted(await population.ask(REPORT_IDENTITY, dossier, identity_report(check)))
    accepted(await counter.ask(ACCEPT, subject, acceptance(officer=OFFICER)))
    order = {
        "direction": "between", "sender": someone.postal, "receiver": people()[0].postal,
        "organisation": ONE_STOP, "contents": ["Giấy tờ"], "note": someone.address,
    }  # fmt: skip
    accepted(await counter.ask("onestop.pickup.order.v1", subject, order))
    accepted(await counter.ask(FORWARD, subject, {"officer": OFFICER, "to": AGENCY}))
    await agency.fact("dossier.forwarded", dossier)
    await postal.fact("pickup.ordered", dossier)


async def bad_input(counter: Client, someone: Someone) -> None:
    """Values where none belong: fields, names of fields, a key, bytes that are no JSON, an id again."""
    data = submission(applicant=someone.party)
    misplaced = [
        data | {"ghi_chu": someone.name},
        data | {someone.number: 1},
        data | {"procedure": someone.name},
    ]
    for wrong in misplaced:
        assert (await counter.ask(SUBMIT, f"ref:{uuid4()}", wrong)).type == "onestop.receipt.refused.v1"
    event_id = await counter.send(SUBMIT, f"ref:{uuid4()}", data)
    await counter.receipt(event_id)
    await counter.send(SUBMIT, f"ref:{uuid4()}", data, event_id=event_id)
    numbered = f"ref:{someone.number}"
    await counter.publish(counter.headers(SUBMIT, numbered, str(uuid4())), b"ref:x", orjson.dumps(data))
    cut = await counter.send(SUBMIT, f"ref:{uuid4()}", orjson.dumps(data)[:-1])
    assert (await counter.receipt(cut)).data["code"] == "envelope.no_json"


def parties(population: Client, dossier: str) -> set[str]:
    return {m.data["party"] for m in population.facts("identity.check_requested", dossier)}


def accepted(receipt: Any) -> str:
    assert receipt.type == "onestop.receipt.accepted.v1", receipt.data
    return str(receipt.data["dossier"])


async def nothing_pending(hub: Hub) -> bool:
    return bool(await hub.database.fetchval("select count(*) from segment") == 0)


def all_records(hub: Hub) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Every record of every topic of the hub, read as the administrator."""
    consumer = Consumer(
        librdkafka_settings(hub.address)
        | {"group.id": f"{hub.prefix}audit", "enable.partition.eof": True, "enable.auto.commit": False}
    )
    topics = consumer.list_topics(timeout=10).topics
    places = [
        TopicPartition(name, number, 0)
        for name, topic in topics.items()
        if name.startswith(hub.prefix)
        for number in topic.partitions
    ]
    consumer.assign(places)
    ends = 0
    while ends < len(places):
        message = consumer.poll(10)
        assert message is not None
        if (error := message.error()) is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            ends += 1
            continue
        pairs: Any = message.headers() or []
        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in pairs)
        key: Any = message.key() or b""
        value: Any = message.value() or b""
        yield message.topic() or "", key, headers, value
    consumer.close()


async def rows_of(hub: Hub, table: str, without: Iterable[str] = ()) -> bytes:
    rows = await hub.database.fetch(f'select * from "{table}"')  # noqa: S608  names of the catalogue
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for row in rows
        for name, value in row.items()
        if name not in without
    )


async def test_receivers_get_the_personal_data_that_the_search_looks_for(run: Run) -> None:
    """The positive control: a search that finds nothing must be able to find something."""
    for name, fields in {"counter-a": 5, "agency-a": 5, "population": 2, "postal": 3}.items():
        out = run.values(lambda topic, name=name: topic.endswith(f"out.{name}"))  # type: ignore[misc]
        assert len(found_in(out)) >= fields * len(people()), name
    everybody = [text.encode() for one in people() for text in (one.name, one.number, one.phone, one.address)]
    sent = run.values(lambda topic: topic.endswith("in.counter-a"))
    assert all(needle in sent for needle in everybody)


async def test_no_person_stands_in_keys_or_headers(run: Run) -> None:
    ours = [record for record in run.records if not record[0].endswith("in.counter-a")]
    assert len(ours) > 50
    for topic, key, headers, _ in ours:
        assert found_in(key) == [], topic
        assert found_in(headers) == [], topic
    own = [record for record in run.records if record[0].endswith("in.counter-a")]
    told = [h for _, k, h, _ in own if found_in(k + h)]
    assert len(told) == len(people()), "only the headers of the test's own bad input name somebody"


async def test_no_person_stands_open_in_the_facts(run: Run) -> None:
    facts = run.values(lambda topic: topic.endswith("dossier.facts"))
    assert b"onestop.pickup.ordered.v1" in facts
    assert facts.count(b'"sealed"') >= 5 * len(people())
    assert found_in(facts) == []


async def test_no_person_stands_in_a_receipt(run: Run) -> None:
    receipts = b"\n".join(v for _, _, h, v in run.records if b"ce_type=onestop.receipt." in h)
    assert b"envelope.identity_in_key" in receipts
    assert found_in(receipts) == []


async def tables_of(hub: Hub) -> set[str]:
    rows = await hub.database.fetch(
        "select table_name from information_schema.tables where table_schema = 'public'"
    )
    return {row["table_name"] for row in rows}


async def test_no_person_stands_open_in_a_table(run: Run) -> None:
    """Dead letters keep malformed bytes as they came, by design: their `record` column is left out."""
    names = await tables_of(run.hub)
    assert {"fact", "dossier", "inbox", "timer", "dead_letter", "segment", "parked_request"} <= names
    for name in sorted(names):
        content = await rows_of(run.hub, name, ["record"] if name == "dead_letter" else [])
        assert found_in(content) == [], name
    assert len(await rows_of(run.hub, "fact")) > 10_000
    assert len(await rows_of(run.hub, "dossier")) > 1_000
    assert await rows_of(run.hub, "dead_letter")


async def test_no_person_stands_in_the_log(run: Run) -> None:
    written = run.engine.log_file.read_bytes()
    assert b"engine_started" in written
    assert found_in(written) == []


async def test_no_person_stands_in_the_metrics(run: Run) -> None:
    text = (await run.engine.metrics()).encode()
    assert b"hub_events_accepted_total{" in text
    assert found_in(text) == []


def secrets_of(run: Run) -> list[bytes]:
    """What lets somebody in: passwords, the database's address with its own, the master key."""
    clients = (run.counter, run.agency, run.population, run.postal)
    key = run.hub.master_key_file.read_bytes().strip()
    passwords = [run.hub.password, urlsplit(run.hub.dsn).password or "", *(c.password for c in clients)]
    return [*(word.encode() for word in passwords), key, bytes.fromhex(key.decode())]


async def test_no_secret_stands_in_logs_metrics_records_or_tables(run: Run) -> None:
    places = {
        "log": run.engine.log_file.read_bytes(),
        "metrics": (await run.engine.metrics()).encode(),
        "records": b"\n".join(b"\n".join(record[1:]) for record in run.records),
        "tables": b"\n".join([await rows_of(run.hub, name) for name in sorted(await tables_of(run.hub))]),
    }
    assert all(len(word) > 7 for word in secrets_of(run))
    assert [(place, word) for place in places for word in secrets_of(run) if word in places[place]] == []
