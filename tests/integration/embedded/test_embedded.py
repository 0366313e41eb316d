"""The embedded stack: real servers that survive their launcher, refuse strangers and say what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from hub.embedded import stack as embedded
from hub.embedded.process import end, find, server_ports, start_server, wait_until
from hub.embedded.stack import StackAddress
from hub.embedded.state import ServerRecord
from hub.errors import StartupError
from tests.support.breakable import breakable_stack
from tests.support.modes import open_to_others
from tests.support.stack import (
    JARS,
    REPOSITORY,
    aiokafka_settings,
    create_topic,
    create_user,
    kafka_admin,
    own_name,
    shared_home,
)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def own_home(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a stack that these tests may break; needs `stack` for the jars that it has fetched."""
    home = tmp_path_factory.mktemp("embedded") / "home"
    yield home
    embedded.wipe(home)


def pids(home: Path) -> dict[str, int | None]:
    return {server.server: server.pid for server in embedded.status(home)}


def remembered(home: Path) -> dict[str, Any]:
    path = home / "embedded.json"
    return json.loads(path.read_text()) if path.exists() else {}


def has_passed_its_gate(record: dict[str, Any] | None) -> bool:
    """Whether the recorded process runs its program; one still at the gate ends with its launcher."""
    return record is not None and psutil.Process(record["pid"]).name() == "java"


def launcher(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hub.embedded", "up", "--home", str(home)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def embedded_command(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.embedded", command, "--home", str(folder / "home")],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_up_returns_the_same_addresses_and_starts_nothing(stack: StackAddress) -> None:
    before = pids(shared_home())
    assert embedded.up(shared_home()) == stack
    assert pids(shared_home()) == before
    assert None not in before.values()


def test_servers_of_a_launcher_killed_while_starting_are_found_and_reused(own_home: Path) -> None:
    with launcher(own_home) as process:
        assert wait_until(lambda: has_passed_its_gate(remembered(own_home).get("kafka")), 60.0, 0.01)
        process.kill()
    started = remembered(own_home)
    address = embedded.up(own_home)
    assert pids(own_home) == {"kafka": started["kafka"]["pid"], "postgres": started["postgres"]["pid"]}
    assert address.kafka_bootstrap == f"127.0.0.1:{started['kafka_participants_port']}"


def test_passwords_are_readable_by_their_owner_only(own_home: Path) -> None:
    embedded.up(own_home)
    assert (own_home / "embedded.json").stat().st_mode & 0o777 == 0o600
    assert (own_home / "kafka" / "server.properties").stat().st_mode & 0o777 == 0o600


def test_what_the_servers_write_is_closed_to_others_also_where_it_was_open(own_home: Path) -> None:
    address = embedded.up(own_home)
    create_topic(kafka_admin(address), own_name())
    assert open_to_others(own_home) == []
    (own_home / "kafka").chmod(0o755)
    assert embedded.up(own_home) == address
    assert open_to_others(own_home) == []


async def test_both_servers_keep_port_and_data_over_a_sigkill(own_home: Path) -> None:
    address = embedded.up(own_home)
    topic = own_name()
    create_topic(kafka_admin(address), topic)
    await execute(address, "CREATE TABLE kept AS SELECT 41 AS answer")
    embedded.stop_kafka(own_home, kill=True)
    embedded.stop_postgres(own_home, kill=True)
    assert pids(own_home) == {"kafka": None, "postgres": None}
    embedded.start_postgres(own_home)
    embedded.start_kafka(own_home)
    assert embedded.up(own_home) == address
    assert topic in kafka_admin(address).list_topics(timeout=5).topics
    assert await execute(address, "UPDATE kept SET answer = 42") == "UPDATE 1"


TAKEN = rf"^port: \d+ of Kafka was taken by .+ \(pid {os.getpid()}, LISTEN\)$"


def test_servers_choose_no_port_of_outgoing_connections() -> None:
    assert list(server_ports("32768\t60999\n")) == list(range(15_000, 32_000))
    assert list(server_ports("16000 65535")) == list(range(15_000, 16_000))
    assert list(server_ports("15000 65535")) == list(range(1_024, 15_000))
    assert list(server_ports("1024 65535")) == list(range(15_000, 32_000))


async def test_ports_taken_by_a_foreign_process_are_replaced_and_the_data_stays(own_home: Path) -> None:
    before = embedded.up(own_home)
    topic = own_name()
    create_topic(kafka_admin(before), topic)
    await execute(before, "CREATE TABLE moved AS SELECT 1 AS n")
    embedded.down(own_home)
    old = {name: port for name, port in remembered(own_home).items() if name.endswith("_port")}
    with ExitStack() as foreign:
        for port in old.values():
            foreign.enter_context(socket.create_server(("127.0.0.1", port)))
        with pytest.raises(StartupError, match=TAKEN):
            embedded.start_kafka(own_home)
        after = embedded.up(own_home)
    new = {name: port for name, port in remembered(own_home).items() if name.endswith("_port")}
    assert set(new.values()).isdisjoint(old.values())
    assert topic in kafka_admin(after).list_topics(timeout=5).topics
    assert await execute(after, "UPDATE moved SET n = 2") == "UPDATE 1"


def test_a_broker_that_dies_at_its_start_is_reported_in_one_line(own_home: Path) -> None:
    embedded.up(own_home)
    embedded.stop_kafka(own_home)
    meta = own_home / "kafka" / "data" / "meta.properties"
    good = meta.read_text()
    meta.write_text(good.replace("node.id=1", "node.id=7"))
    with pytest.raises(
        StartupError, match=r"^Kafka ended during its start: .*Stored node id 7 .*\(log: .*kafka\.log\)$"
    ) as caught:
        embedded.start_kafka(own_home)
    assert "\n" not in str(caught.value)
    meta.write_text(good)
    embedded.start_kafka(own_home)


@pytest.mark.needs("java")
def test_the_java_that_the_operator_names_runs_the_broker(
    stack: StackAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = Path(shutil.which("java") or "").resolve()
    monkeypatch.setenv("HUB_JAVA_HOME", str(java.parents[1]))
    with breakable_stack(tmp_path) as (home, address):
        pid = pids(home)["kafka"]
        assert Path(psutil.Process(pid).exe()) == java
        create_topic(kafka_admin(address), own_name())


def test_a_java_that_is_too_old_stops_the_start_with_one_line(stack: StackAddress, tmp_path: Path) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.22\" 2024-01-16' >&2\n")
    java.chmod(0o755)
    done = embedded_command(
        "up", tmp_path, HUB_JAVA_HOME=str(tmp_path / "jdk"), HUB_CACHE=str(JARS.parents[1])
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"hub embedded: HUB_JAVA_HOME: {java} is Java 11; Kafka needs Java 17 or later "
        "(unset it to take the Java that comes with the packages)\n"
    )
    assert pids(tmp_path / "home") == {"kafka": None, "postgres": None}


def test_a_jar_of_another_hash_stops_the_start_with_one_line(stack: StackAddress, tmp_path: Path) -> None:
    jars = tmp_path / "cache" / "kafka" / "jars"
    jars.mkdir(parents=True)
    for jar in JARS.glob("*.jar"):
        (jars / jar.name).symlink_to(jar)
    changed = jars / "kafka-clients-4.2.0.jar"
    changed.unlink()
    changed.write_bytes((JARS / changed.name).read_bytes() + b"\0")
    done = embedded_command("up", tmp_path, HUB_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert "kafka-clients-4.2.0.jar: SHA-256 differs" in lines[0]
    assert pids(tmp_path / "home") == {"kafka": None, "postgres": None}


def test_a_missing_network_stops_the_first_start_with_one_line(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"
    done = embedded_command(
        "up",
        tmp_path,
        HUB_CACHE=str(tmp_path / "cache"),
        https_proxy=nowhere,
        HTTPS_PROXY=nowhere,
        no_proxy="",
    )
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("hub embedded: network: cannot fetch ")
    assert list((tmp_path / "cache" / "kafka" / "jars").iterdir()) == []


def test_status_of_a_stopped_stack_is_an_exit_status_and_not_an_error(tmp_path: Path) -> None:
    done = embedded_command("status", tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("\tstopped\t") == 2
    assert done.stderr == ""


async def test_a_wrong_kafka_password_is_refused(stack: StackAddress) -> None:
    producer = AIOKafkaProducer(**aiokafka_settings(stack, password="wrong"))
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


async def test_a_wrong_database_password_is_refused(stack: StackAddress) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stack.postgres_dsn, password="wrong")


async def test_a_user_without_a_grant_cannot_write(stack: StackAddress, own_topic_prefix: str) -> None:
    topic = f"{own_topic_prefix}.in"
    admin = kafka_admin(stack)
    create_topic(admin, topic)
    password = create_user(admin, own_topic_prefix)
    async with AIOKafkaProducer(**aiokafka_settings(stack)) as allowed:
        assert (await allowed.send_and_wait(topic, b"1")).offset == 0
    async with AIOKafkaProducer(**aiokafka_settings(stack, own_topic_prefix, password)) as stranger:
        with pytest.raises(TopicAuthorizationFailedError):
            await stranger.send_and_wait(topic, b"2")


async def test_a_topic_is_not_made_by_writing_to_it(stack: StackAddress, own_topic_prefix: str) -> None:
    async with AIOKafkaProducer(**aiokafka_settings(stack), request_timeout_ms=1000) as producer:
        with pytest.raises((UnknownTopicOrPartitionError, TimeoutError)):
            await producer.send_and_wait(own_topic_prefix, b"1")
    assert own_topic_prefix not in kafka_admin(stack).list_topics(timeout=5).topics


async def test_a_fresh_database_is_empty_and_durable(fresh_database: str) -> None:
    connection = await asyncpg.connect(fresh_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert await connection.fetchval("SHOW fsync") == "on"
        assert (await connection.fetchval("SHOW server_version")).startswith("18")
    finally:
        await connection.close()


def test_a_server_whose_launcher_dies_before_recording_it_never_runs(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    seen: list[ServerRecord] = []

    def die(server: ServerRecord) -> None:
        seen.append(server)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_server(["/usr/bin/touch", str(trace)], tmp_path / "log", die)
    assert wait_until(lambda: find(seen[0]) is None, 5.0)
    assert not trace.exists()
    start_server(["/usr/bin/touch", str(trace)], tmp_path / "log", seen.append)
    assert wait_until(trace.exists, 5.0)


def test_a_process_that_got_the_pid_of_a_dead_server_is_left_alone() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        reused = ServerRecord(pid=stranger.pid, started=1_000_000_000.0)
        assert find(reused) is None
        end(reused, ((signal.SIGKILL, 1.0),))
        assert stranger.poll() is None
        stranger.kill()


async def execute(address: StackAddress, sql: str) -> str:
    connection = await asyncpg.connect(address.postgres_dsn)
    try:
        return await connection.execute(sql)
    finally:
        await connection.close()
