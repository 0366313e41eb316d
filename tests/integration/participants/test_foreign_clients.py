"""Clients that know only what `hub participants add` prints: each gets the receipt of its submission."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, Producer

from hub.embedded.stack import StackAddress
from schemas.receipt import RECEIPT_ACCEPTED
from tests.integration.participants.test_participants import command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.stack import REPOSITORY, librdkafka_settings
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long

_LIMIT_S = 30.0
NEW_LIBRDKAFKA = next(
    Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka*"), None
)
"""Lent to Debian's kcat: Kafka 4 refuses the SCRAM exchange of librdkafka before 2.6.1 (its PR 4895)."""


@dataclass(frozen=True, slots=True)
class Site:
    """A hub with a running engine."""

    hub: Hub
    engine: HubProcess

    async def printed(self, name: str, *words: str) -> str:
        """What a new counter is told."""
        status, output, errors = await command(
            self.hub,
            "add",
            name,
            "--role",
            "counter",
            "--organisation",
            ONE_STOP,
            "--partitions",
            "2",
            *words,
        )
        assert status == 0, errors
        return output


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with own_hub(stack, tmp_path_factory.mktemp("foreign")) as hub:
        yield Site(hub, await hub.start_engine())


def section(printed: str, title: str) -> str:
    """The block under a heading."""
    found = re.search(rf"^# {re.escape(title)}[^\n]*\n(.*?)(?=^# |\Z)", printed, re.MULTILINE | re.DOTALL)
    assert found is not None, printed
    return found.group(1)


def topics(printed: str) -> tuple[str, str]:
    found = re.search(r"publishes to (\S+), reads (\S+) in group", printed)
    assert found is not None, printed
    return found.group(1), found.group(2)


def headers(name: str, event_id: str, subject: str) -> list[tuple[str, bytes]]:
    texts = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": f"/participants/{name}",
        "ce_type": SUBMIT,
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_subject": subject,
        "content-type": "application/json",
    }
    return [(header, text.encode()) for header, text in texts.items()]


def is_receipt_of(event_id: str, value: bytes, record_headers: list[tuple[str, bytes]]) -> bool:
    if dict(record_headers)["ce_type"] != b"onestop.receipt.accepted.v1":
        return False
    return bool(orjson.loads(value)["request"] == event_id)


async def shell(script: str, folder: Path) -> str:
    lent = {"LD_PRELOAD": str(NEW_LIBRDKAFKA)} if NEW_LIBRDKAFKA is not None else {}
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", script, cwd=folder, env=os.environ | lent,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return output.decode()


@pytest.mark.needs("kcat")
async def test_kcat_gets_its_receipt_with_the_printed_commands_as_they_are(
    site: Site, tmp_path: Path
) -> None:
    printed = await site.printed("with-kcat")
    (tmp_path / "request.json").write_bytes(orjson.dumps(submission()))
    script = section(printed, "kcat")
    output = await shell(script, tmp_path)
    password = re.search(r"^sasl\.password=(\S+)$", script, re.MULTILINE)
    assert password is not None, "it stands in a file, and so in no list of processes"
    assert [line for line in script.splitlines() if password.group(1) in line] == [password.group(0)]
    assert (tmp_path / "with-kcat.kcat").stat().st_mode & 0o077 == 0
    assert "onestop.receipt.accepted.v1" in output
    assert '"type":"onestop.dossier.submitted.v1"' in output
    again = await shell(script, tmp_path)
    assert again.count("onestop.receipt.accepted.v1") == 2, "the same commands may be pasted once more"


async def run_as(
    site: Site, verb: str, file: Path, *words: str, data: object = None
) -> tuple[int, list[bytes], str]:
    """`hub send` or `listen` on a machine that knows nothing but the file; its status, lines and errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli.main", verb, str(file), *words, cwd=REPOSITORY,
        env=environment | {"TOPIC_PREFIX": site.hub.prefix},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(orjson.dumps(data)), 60)
    assert process.returncode is not None
    return process.returncode, output.splitlines(), errors.decode()


async def test_hub_send_needs_the_written_file_only_and_can_send_the_same_again(
    site: Site, tmp_path: Path
) -> None:
    told = await site.printed("with-files", "--into", str(tmp_path / "new"))
    file, java = tmp_path / "new" / "with-files.conf", tmp_path / "new" / "with-files.properties"
    password = re.search(r"^sasl\.password=(\S+)$", file.read_text(), re.MULTILINE)
    assert password is not None
    assert password.group(1) not in told
    assert f'password="{password.group(1)}";' in java.read_text()
    assert [path.stat().st_mode & 0o777 for path in (file, java)] == [0o600, 0o600]
    assert all(str(path) in told for path in (file, java))

    asked = ("dossier.submit", f"ref:{uuid4()}", "--id", str(uuid4()))
    status, lines, errors = await run_as(
        site, "send", file, *asked, "--until", "dossier.submitted", data=submission()
    )
    assert status == 0, errors
    receipt, fact = map(orjson.loads, lines)
    assert receipt["request"] == asked[-1]
    assert fact["applicant"] == submission()["applicant"]

    assert await run_as(site, "send", file, *asked, data=submission()) == (0, lines[:1], ""), (
        "the same receipt"
    )
    status, lines, errors = await run_as(site, "send", file, *asked, data=submission() | {"sets": 2})
    assert (status, orjson.loads(lines[0])["code"]) == (1, "security.id_reused")
    assert errors == ""

    again = ("dossier.submit", f"ref:{uuid4()}")
    status, lines, errors = await run_as(
        site, "send", file, *again, "--until", "result.issued", "--for", "5", data=submission()
    )
    assert (status, len(lines)) == (3, 1)
    assert errors == "hub: result.issued was not told (5 s)\n"


async def test_hub_listen_shows_what_was_told_and_takes_nothing_away(site: Site, tmp_path: Path) -> None:
    await site.printed("with-ears", "--into", str(tmp_path))
    file, subject = tmp_path / "with-ears.conf", f"ref:{uuid4()}"
    status, lines, errors = await run_as(site, "send", file, "dossier.submit", subject, data=submission())
    assert status == 0, errors
    dossier = orjson.loads(lines[0])["dossier"]
    producer = Producer(librdkafka_settings(site.hub.address))
    for kind in (b"\xff", RECEIPT_ACCEPTED.encode()):  # what an operator tried out there is passed over
        producer.produce(f"{site.hub.prefix}out.with-ears", b"\xff", key=b"\xff", headers=[("ce_type", kind)])
    assert producer.flush(20) == 0
    chosen = ("--from-beginning", "--about", dossier, "--type", "dossier.submitted", "--once")
    for _ in range(2):
        status, lines, errors = await run_as(site, "listen", file, *chosen)
        assert (status, len(lines), errors) == (0, 1, "")
        kind, key, data = lines[0].split(b"\t")
        assert (kind, key) == (b"onestop.dossier.submitted.v1", dossier.encode())
        assert orjson.loads(data)["applicant"] == submission()["applicant"]


async def test_a_folder_that_cannot_be_written_to_is_told_before_anybody_is_registered(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    asked = (
        "add",
        "nowhere",
        "--role",
        "counter",
        "--organisation",
        ONE_STOP,
        "--into",
        str(tmp_path / "file"),
    )
    status, _, errors = await command(site.hub, *asked)
    assert (status, errors) == (2, f"hub: --into {tmp_path / 'file'}: File exists\n")
    status, output, _ = await command(site.hub, "list")
    assert status == 0
    assert "nowhere" not in output


async def test_aiokafka_gets_its_receipt_with_the_printed_settings(site: Site) -> None:
    printed = await site.printed("with-aiokafka")
    made: dict[str, Any] = {"AIOKafkaProducer": AIOKafkaProducer, "AIOKafkaConsumer": AIOKafkaConsumer}
    exec(section(printed, "Python (aiokafka)"), made)  # noqa: S102  the text under test
    written, _ = topics(printed)
    event_id, subject = str(uuid4()), f"ref:{uuid4()}"
    async with made["producer"] as producer, made["consumer"] as consumer:
        await producer.send_and_wait(
            written,
            orjson.dumps(submission()),
            key=subject.encode(),
            headers=headers("with-aiokafka", event_id, subject),
        )
        async with within(_LIMIT_S):
            async for record in consumer:
                if is_receipt_of(event_id, record.value, list(record.headers)):
                    break


async def test_confluent_kafka_gets_its_receipt_with_the_printed_settings(site: Site) -> None:
    printed = await site.printed("with-confluent")
    made: dict[str, Any] = {"Producer": Producer, "Consumer": Consumer}
    exec(section(printed, "Python (confluent-kafka)"), made)  # noqa: S102  the text under test
    written, read = topics(printed)
    event_id, subject = str(uuid4()), f"ref:{uuid4()}"

    def exchange() -> bool:
        producer, consumer = made["producer"], made["consumer"]
        consumer.subscribe([read])
        try:
            producer.produce(
                written,
                orjson.dumps(submission()),
                key=subject,
                headers=headers("with-confluent", event_id, subject),
            )
            assert producer.flush(_LIMIT_S) == 0
            end = time.monotonic() + _LIMIT_S
            while time.monotonic() < end:
                message = consumer.poll(0.2)
                is_record = message is not None and message.error() is None
                if is_record and is_receipt_of(event_id, message.value(), message.headers()):
                    return True
            return False
        finally:
            consumer.close()

    assert await asyncio.to_thread(exchange)


async def test_the_java_settings_hold_the_same_user_and_password(site: Site) -> None:
    printed = await site.printed("with-java")
    java = dict(line.split("=", 1) for line in section(printed, "Java").strip().splitlines())
    login = re.fullmatch(
        r'org\.apache\.kafka\.[a-z.]+\.ScramLoginModule required username="(.+)" password="(.+)";',
        java["sasl.jaas.config"],
    )
    assert login is not None
    assert login.group(1) == f"{site.hub.prefix}with-java"
    assert f'sasl_plain_password="{login.group(2)}"' in printed
    assert java["bootstrap.servers"] == site.hub.address.kafka_bootstrap
    assert java["sasl.mechanism"] == "SCRAM-SHA-512"


@pytest.mark.needs("kcat")
async def test_a_header_whose_name_is_no_utf_8_stops_nobody_else(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path) as hub:
        site = Site(hub, await hub.start_engine())
        other = await hub.join("other", ["counter"], [ONE_STOP])
        (tmp_path / "request.json").write_bytes(orjson.dumps(submission()))
        script = section(await site.printed("with-bytes"), "kcat")
        sending = script[: script.index("(umask 077; until")]
        await shell(sending.replace("-P -t", r"-H $'\xff\xfe=1' -P -t"), tmp_path)
        await eventually(lambda: is_noticed(site), 30, "the record to be met", site.engine.output)
        receipt = await other.ask(SUBMIT, f"ref:{uuid4()}", submission())
        assert receipt.type == "onestop.receipt.accepted.v1"
        assert site.engine.exit_status is None


def is_noticed(site: Site) -> bool:
    """The engine has ended, or says that it went back, set a partition aside or skipped something."""
    met = ("went_back", "partition_stopped", "partition_set_aside", "corrupt")
    topics = [line for line in site.engine.lines() if "with-bytes" in str(line)]
    return site.engine.exit_status is not None or any(line.get("action") in met for line in topics)
