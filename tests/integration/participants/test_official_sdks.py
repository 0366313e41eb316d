"""The SDKs of CloudEvents speak to the hub in every mode of both bindings, and read what it answers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.embedded.stack import StackAddress
from tests.support import client_kits
from tests.support.client_kits import SDKS
from tests.support.gateways import Site, own_site
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, submission

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
    return await said(command, given, JDK_JAVA_OPTIONS="")


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
