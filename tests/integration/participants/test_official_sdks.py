"""The SDKs of CloudEvents speak to the hub in every mode of both bindings; samples live a dossier's life."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders
from tests.integration.participants.test_participants import command as hub_command
from tests.support import client_kits
from tests.support.client_kits import CLIENTS, SDKS
from tests.support.clients import Client, Received
from tests.support.gateways import Site, own_site
from tests.support.hubs import own_hub
from tests.support.requests import AGENCY, ONE_STOP, REPORT_IDENTITY, identity_report, submission
from tests.support.stack import REPOSITORY, shared_home
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

MODES = {f"{mode} {has}" for mode in ("binary", "structured") for has in ("True", "False")}
OLD = {f"{mode} by version 1" for mode in MODES}
_LIMIT_S = 120


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("sdks")
    async with own_hub(stack, folder, environment="test") as hub:
        await hub.start_engine()
        async with own_site(
            hub, folder, HUB_GATEWAY__REQUESTS_PER_S="200", HUB_GATEWAY__ALIVE_S="1"
        ) as opened:
            yield opened


@dataclass(frozen=True, slots=True)
class Told:
    """What a program has said of one event: how it was sent or read, its id, and its receipt."""

    way: str
    id: str
    receipt: dict[str, Any]


async def said(command: list[str], given: Mapping[str, Any], **more: str) -> list[Told]:
    """What an exchange prints."""
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | {"EXCHANGE": json.dumps(given)} | more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), _LIMIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode() + errors.decode()
    return [Told(**json.loads(line)) for line in output.decode().splitlines()]


def check(told: list[Told], ways: set[str]) -> None:
    """Every event was accepted and answered under its own id."""
    assert {one.way.replace("true", "True").replace("false", "False") for one in told} == ways
    for one in told:
        assert one.receipt["type"] == "onestop.receipt.accepted.v1", one
        assert one.receipt["request"] == one.id
    sent = [one.id for one in told if one.way != "feed"]
    assert len(set(sent)) == len(sent)


async def over_kafka(site: Site, name: str) -> dict[str, Any]:
    """A new counter over Kafka, as a program needs to know it."""
    hub = site.hub
    password = await hub.register(name, ["counter"], [ONE_STOP])
    bootstrap, user = hub.address.kafka_bootstrap, f"{hub.prefix}{name}"
    return {
        "name": name, "bootstrap": bootstrap, "user": user, "password": password,
        "in": f"{hub.prefix}in.{name}", "out": f"{hub.prefix}out.{name}", "group": f"{hub.prefix}{name}",
        "data": submission(),
        "connection": {
            "bootstrap.servers": bootstrap, "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": password,
        },
    }  # fmt: skip


async def over_http(site: Site, name: str) -> dict[str, Any]:
    """The same over HTTPS."""
    visitor = await site.join(name, ["counter"], [ONE_STOP])
    return {
        "name": name, "gateway": await site.gateway.door(), "token": visitor.token, "data": submission(),
    }  # fmt: skip


async def in_python(given: dict[str, Any], way: str) -> list[Told]:
    packages = await asyncio.to_thread(client_kits.python_packages)
    command = [sys.executable, str(SDKS / "exchange.py"), way]
    return await said(command, given, PYTHONPATH=str(packages))


async def in_javascript(given: dict[str, Any], way: str, folder: Path) -> list[Told]:
    modules = await asyncio.to_thread(client_kits.node_modules)
    (folder / "node_modules").symlink_to(modules)
    program = shutil.copy(SDKS / "exchange.mjs", folder)
    return await said(["node", str(program), way], given, KAFKAJS_NO_PARTITIONER_WARNING="1")


async def in_java(given: dict[str, Any], way: str) -> list[Told]:
    jars = await asyncio.to_thread(client_kits.java_class_path)
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", jars, str(SDKS / "Exchange.java"), way]
    return await said(command, given)


async def test_python_over_kafka(site: Site) -> None:
    told = await in_python(await over_kafka(site, "python-kafka"), "kafka")
    check(told, (MODES | OLD) - {"binary False by version 1"})


async def test_python_over_http_and_two_readers_of_event_streams(site: Site) -> None:
    given = await over_http(site, "python-http")
    told = await in_python(given, "http")
    check(told, MODES | OLD | {"batch"})
    read = await in_python(given, "streams")
    assert [one.way for one in read] == ["httpx-sse", "sseclient-py"]
    assert {one.receipt["type"] for one in read} == {"onestop.receipt.accepted.v1"}


@pytest.mark.needs("node", "npm")
async def test_javascript_over_kafka(site: Site, tmp_path: Path) -> None:
    check(await in_javascript(await over_kafka(site, "javascript-kafka"), "kafka", tmp_path), MODES)


@pytest.mark.needs("node", "npm")
async def test_javascript_over_http(site: Site, tmp_path: Path) -> None:
    told = await in_javascript(await over_http(site, "javascript-http"), "http", tmp_path)
    check(told, MODES | {"batch", "feed"})


@pytest.mark.needs("javac")
async def test_java_over_kafka(site: Site) -> None:
    check(await in_java(await over_kafka(site, "java-kafka"), "kafka"), MODES)


@pytest.mark.needs("javac")
async def test_java_over_http(site: Site) -> None:
    check(await in_java(await over_http(site, "java-http"), "http"), MODES | {"batch"})


# The samples of examples/clients, with what `hub participants add` prints


@pytest.fixture(scope="module")
async def population(site: Site) -> AsyncIterator[None]:
    """Somebody who knows every applicant."""
    database = await site.hub.join("population", ["population"])
    answering = asyncio.create_task(know_everybody(database))
    yield
    answering.cancel()
    with suppress(asyncio.CancelledError):
        await answering


async def know_everybody(database: Client) -> None:
    answered: set[str] = set()

    def open_questions() -> list[Received]:
        asked = database.facts("identity.check_requested")
        return [fact for fact in asked if fact.data["check"] not in answered]

    while True:
        await eventually(lambda: bool(open_questions()), 600, "a question")
        asked = open_questions()[0]
        answered.add(asked.data["check"])
        await database.ask(REPORT_IDENTITY, asked.key, identity_report(asked.data["check"]))


async def joined(site: Site, language: str, folder: Path, suffix: str, *options: str) -> list[Path]:
    """A counter and an agency for one sample; the file of each with this ending."""
    files = []
    for role, organisation in (("counter", ONE_STOP), ("agency", AGENCY)):
        name = f"{language}-{role}"
        place = ("--role", role, "--organisation", organisation, "--into", str(folder))
        status, _, errors = await hub_command(site.hub, "add", name, *place, *options)
        assert status == 0, errors
        files.append(folder / f"{name}{suffix}")
    return files


async def lives(site: Site, command: list[str], folder: Path, **more: str) -> None:
    """The program ends well and has returned the result."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=os.environ | {"TOPIC_PREFIX": site.hub.prefix} | more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), _LIMIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode() + errors.decode()
    lines = output.decode().splitlines()
    assert len(lines) == 14, output.decode()
    code = lines[-1].removeprefix("returned: ")
    state = "select count(*) from alias where alias = $1"
    assert await site.hub.database.fetchval(state, f"code:{code}") == 1


async def test_the_sample_in_python(site: Site, population: None, tmp_path: Path) -> None:
    packages = await asyncio.to_thread(client_kits.python_packages)
    files = await joined(site, "python", tmp_path, ".conf")
    command = [sys.executable, str(CLIENTS / "python" / "life.py"), *map(str, files)]
    await lives(site, command, tmp_path, PYTHONPATH=str(packages))


@pytest.mark.needs("node", "npm")
async def test_the_sample_in_javascript(site: Site, population: None, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(await asyncio.to_thread(client_kits.node_modules))
    program = shutil.copy(CLIENTS / "javascript" / "life.mjs", tmp_path)
    files = await joined(site, "javascript", tmp_path, ".conf")
    await lives(site, ["node", str(program), *map(str, files)], tmp_path, KAFKAJS_NO_PARTITIONER_WARNING="1")


@pytest.mark.needs("javac")
async def test_the_sample_in_java(site: Site, population: None, tmp_path: Path) -> None:
    jars = await asyncio.to_thread(client_kits.java_class_path)
    files = await joined(site, "java", tmp_path, ".properties")
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", jars, str(CLIENTS / "java" / "Life.java")]
    await lives(site, [*command, *map(str, files)], tmp_path)


def test_the_project_of_the_sample_in_java_names_the_versions_that_are_tested() -> None:
    pom = (CLIENTS / "java" / "pom.xml").read_text("utf-8")
    named = re.findall(
        r"<artifactId>([\w-]+)</artifactId>\s*<version>([\d.]+)</version>\s*</dependency>", pom
    )
    locks = (CLIENTS / "java" / "jars.lock", REPOSITORY / "hub" / "embedded" / "kafka-jars.lock")
    locked = " ".join(lock.read_text("utf-8") for lock in locks)
    assert len(named) == 3
    assert all(f":{artifact}:{version}\n" in locked for artifact, version in named)


@pytest.mark.needs("javac")
async def test_the_program_in_java_of_the_page_for_participants(site: Site, tmp_path: Path) -> None:
    """Needs the Kafka client alone."""
    await asyncio.to_thread(client_kits.java_class_path)
    (await joined(site, "page", tmp_path, ".properties"))[0].rename(tmp_path / "client.properties")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "submit.json").write_text(json.dumps(submission()))
    page = (REPOSITORY / "docs" / "participants.md").read_text("utf-8")
    program = page.split("```java\n")[1].split("```")[0]
    for written, meant in (
        ('"in.counter-a"', f'"{site.hub.prefix}in.page-counter"'),
        ('"out.counter-a"', f'"{site.hub.prefix}out.page-counter"'),
        ('group = "counter-a"', f'group = "{site.hub.prefix}page-counter"'),
        ('name = "counter-a"', 'name = "page-counter"'),
    ):
        assert written in program
        program = program.replace(written, meant)
    (tmp_path / "Submit.java").write_text(program)
    kafka = os.pathsep.join(str(jar) for jar in Folders.of(shared_home()).jars.glob("*.jar"))
    process = await asyncio.create_subprocess_exec(
        "java", "-cp", kafka, "Submit.java", cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), _LIMIT_S)
    assert output.startswith(b"onestop.receipt.accepted.v1 "), errors.decode()


@pytest.mark.needs("curl")
async def test_the_sample_with_curl(site: Site, population: None, tmp_path: Path) -> None:
    await joined(site, "curl", tmp_path, ".curl", "--http")
    command = [str(CLIENTS / "curl" / "life.sh"), "curl-counter", "curl-agency"]
    await lives(site, command, tmp_path, GATEWAY=await site.gateway.door())
