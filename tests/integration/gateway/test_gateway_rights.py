"""What the gateway's user may do on the broker, and the commands of the operator."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from tests.support.certificates import Authority
from tests.support.gateways import Site
from tests.support.hub_commands import SURE
from tests.support.requests import ONE_STOP
from tests.support.stack import REPOSITORY, aiokafka_settings
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


async def may_write(site: Site, topic: str) -> bool:
    settings = aiokafka_settings(site.hub.address, f"{site.hub.prefix}{GATEWAY}", site.password)
    async with AIOKafkaProducer(**settings) as producer:
        try:
            await producer.send_and_wait(site.hub.prefix + topic, b"{}", key=b"k")
        except TopicAuthorizationFailedError:
            return False
        return True


async def may_read(site: Site, topic: str) -> bool:
    settings = aiokafka_settings(site.hub.address, f"{site.hub.prefix}{GATEWAY}", site.password)
    async with AIOKafkaConsumer(**settings) as consumer:
        try:
            async with asyncio.timeout(3):  # aiokafka asks again and again for what it may not see
                await consumer.end_offsets([TopicPartition(site.hub.prefix + topic, 0)])
        except (KafkaError, TimeoutError):
            return False
        return True


async def test_the_gateway_writes_and_reads_topics_of_http_participants_only(site: Site) -> None:
    await site.hub.register("on-kafka", ["counter"], [ONE_STOP])
    await site.join("on-https", ["counter"], [ONE_STOP])
    assert await may_write(site, "in.on-https")
    assert await may_read(site, "out.on-https")
    for topic in ("in.on-kafka", "in.hub", "out.on-https", "dossier.facts", "hub.heartbeat"):
        assert not await may_write(site, topic), topic
    for topic in ("out.on-kafka", "in.on-https-2", "dossier.facts", "in.hub"):
        assert not await may_read(site, topic), topic
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, "on-https")
    assert not await may_write(site, "in.on-https")
    assert not await may_read(site, "out.on-https")


async def command(site: Site, *words: str) -> tuple[int, str, str]:
    """Run `hub ...` as the administrator; returns exit status, output and errors."""
    administrator = site.hub.environment | {
        "HUB_KAFKA__USER": site.hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": site.hub.address.kafka_admin_password,
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli.main", *words, cwd=REPOSITORY, env=os.environ | administrator,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_the_commands_of_a_participant_over_https(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    status, output, _ = await command(
        site, "participants", "add", "typed-h", "--http", "--role", "counter", "--organisation", ONE_STOP
    )
    assert status == 0
    first = await site.visitor("typed-h", token_in(output))
    assert (await first.client.get("/v1/messages")).status_code == 200
    assert "password" not in output
    status, output, _ = await command(site, "participants", "list")
    assert any("typed-h" in line and "HTTPS" in line for line in output.splitlines())

    status, output, _ = await command(site, "participants", "rotate", "typed-h", "--overlap-h", "0")
    second = await site.visitor("typed-h", token_in(output))
    assert (await second.client.get("/v1/messages")).status_code == 200
    assert token_in(output) != first.token

    folder = tmp_path_factory.mktemp("certificates")
    file = Authority(folder, "operators").issue("typed-h").certificate_file
    assert (await command(site, "participants", "certificate", "typed-h", str(file)))[0] == 0
    assert (await command(site, "participants", "certificate", "typed-h", "/no/such/file"))[0] == 2

    status, output, _ = await command(site, "participants", "webhook", "typed-h", "https://receiver.test/x")
    assert (status, output.startswith("secret=whsec_")) == (0, True)
    status, _, errors = await command(site, "participants", "webhook", "typed-h", "ftp://receiver.test/x")
    assert (status, len(errors.splitlines())) == (2, 1)
    assert (await command(site, "participants", "webhook", "typed-h"))[0] == 0
    assert (await command(site, "participants", "remove", "typed-h", *SURE))[0] == 0
    query = "select count(*) from http_credential where participant = 'typed-h'"
    assert await site.hub.database.fetchval(query) == 0


def token_in(output: str) -> str:
    return next(line[6:] for line in output.splitlines() if line.startswith("token="))


async def test_the_commands_of_a_participant_over_kafka_with_documents_over_https(
    site: Site, tmp_path: Path
) -> None:
    words = ("participants", "add", "typed-k", "--role", "counter", "--organisation", ONE_STOP)
    assert (await command(site, *words, "--http", "--documents"))[0] == 2
    status, output, _ = await command(site, *words, "--documents")
    assert (status, "sasl.password=" in output) == (0, True)
    first = await site.visitor("typed-k", token_in(output))
    assert (await first.client.get("/v1/dossiers/ref:none")).status_code == 404
    assert (await first.client.get("/v1/messages")).status_code == 403
    status, output, _ = await command(site, "participants", "list")
    assert any("typed-k" in line and "Kafka, documents over HTTPS" in line for line in output.splitlines())
    for topic in ("in.typed-k", "out.typed-k"):
        assert not await may_write(site, topic)
        assert not await may_read(site, topic)

    password_only = await command(site, "participants", "rotate", "typed-k")
    assert (password_only[0], "token=" in password_only[1]) == (0, False)
    assert (await first.client.get("/v1/dossiers/ref:none")).status_code == 404
    status, output, _ = await command(site, "participants", "documents", "typed-k", "--overlap-h", "0")
    second = await site.visitor("typed-k", token_in(output))
    assert (await second.client.get("/v1/dossiers/ref:none")).status_code == 404

    async def is_out() -> bool:
        return (await first.client.get("/v1/dossiers/ref:none")).status_code == 401

    await eventually(is_out, 5, "the old token to end")
    file = Authority(tmp_path, "operators").issue("typed-k").certificate_file
    assert (await command(site, "participants", "certificate", "typed-k", str(file)))[0] == 0
    assert (await command(site, "participants", "webhook", "typed-k", "https://receiver.test/x"))[0] == 2
    assert (await command(site, "participants", "remove", "typed-k", *SURE))[0] == 0
    query = "select count(*) from http_participant where name = 'typed-k'"
    assert await site.hub.database.fetchval(query) == 0


async def test_who_has_a_token_for_everything_needs_none_for_documents(site: Site) -> None:
    await site.hub.register("plain-k", ["counter"], [ONE_STOP])
    visitor = await site.join("over-https", ["counter"], [ONE_STOP])
    for words in (
        ("documents", visitor.name),
        ("documents", "nobody-k"),
        ("certificate", "plain-k", __file__),
    ):
        status, _, errors = await command(site, "participants", *words)
        assert (status, len(errors.splitlines())) == (2, 1), errors
    assert (await visitor.client.get("/v1/messages")).status_code == 200


async def test_no_token_lies_in_the_database(site: Site) -> None:
    visitor = await site.join("counter-hashed", ["counter"], [ONE_STOP])
    rows = await site.hub.database.fetch("select http_credential::text as row from http_credential")
    assert rows
    assert not [
        row for row in rows if visitor.token in row["row"] or visitor.token.encode().hex() in row["row"]
    ]
