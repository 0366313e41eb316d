"""The texts that the embedded servers are configured with, and the lock file of Kafka's jars."""

from __future__ import annotations

import resource

import pytest

from hub.embedded.config import (
    KafkaPorts,
    add_scram_argument,
    first_statements,
    plain_jaas,
    postgres_settings,
    properties_text,
    server_properties,
    telling_line,
)
from hub.embedded.connections import shortage
from hub.embedded.jars import LOCK_FILE
from hub.embedded.lock import LockedJar, parse_lock, render_lock

SHA = "a" * 64
LINE = f"{SHA}  kafka-clients-4.2.0.jar  org.apache.kafka:kafka-clients:4.2.0\n"


def properties(node: int = 1, brokers: int = 1) -> list[str]:
    cluster = {
        number: KafkaPorts(*(10_000 + 5_000 * number + offset for offset in (1, 2, 3)))
        for number in range(1, brokers + 1)
    }
    return server_properties(node, cluster, "/data", "secret").splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "auto.create.topics.enable=false",
        "group.coordinator.append.linger.ms=0",
        "group.initial.rebalance.delay.ms=0",
        "listeners=PARTICIPANTS://127.0.0.1:15001,INTERNAL://127.0.0.1:15002,CONTROLLER://127.0.0.1:15003",
        "controller.quorum.voters=1@127.0.0.1:15003",
        "listener.name.participants.sasl.enabled.mechanisms=SCRAM-SHA-512",
        "listener.name.internal.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
        "listener.name.participants.max.connections=1000",
        "listener.name.participants.max.connection.creation.rate=100",
        "listener.name.internal.max.connections=500",
        "listener.name.controller.max.connections=100",
        "connections.max.idle.ms=240000",
        "sasl.server.max.receive.size=16384",
        "socket.request.max.bytes=8388608",
        "queued.max.request.bytes=100663296",
        "super.users=User:broker;User:admin",
        "offsets.topic.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "log.dirs=/data",
    ],
)
def test_server_properties_say(line: str) -> None:
    assert line in properties()


@pytest.mark.parametrize(
    "line",
    [
        "node.id=2",
        "listeners=PARTICIPANTS://127.0.0.1:20001,INTERNAL://127.0.0.1:20002,CONTROLLER://127.0.0.1:20003",
        "controller.quorum.voters=1@127.0.0.1:15003,2@127.0.0.1:20003,3@127.0.0.1:25003",
        "default.replication.factor=3",
        "min.insync.replicas=2",
        "offsets.topic.replication.factor=3",
        "transaction.state.log.min.isr=2",
    ],
)
def test_each_of_three_nodes_knows_the_others_and_keeps_a_copy_of_everything(line: str) -> None:
    assert line in properties(node=2, brokers=3)


def test_no_listener_is_open_without_a_password() -> None:
    security = next(line for line in properties() if line.startswith("listener.security.protocol.map="))
    assert security.endswith("=PARTICIPANTS:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT")


def test_each_setting_stands_once() -> None:
    names = [line.split("=", 1)[0] for line in properties()]
    assert len(names) == len(set(names))


def test_the_jaas_line_names_the_user_and_quotes_its_password() -> None:
    assert plain_jaas("broker", 'a"b') == (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        'username="broker" password="a\\"b" user_broker="a\\"b";'
    )


def test_a_property_file_doubles_backslashes() -> None:
    assert properties_text({"k": 'a\\"b'}) == 'k=a\\\\"b\n'


def test_the_first_administrator_is_given_by_name_and_password() -> None:
    assert add_scram_argument("admin", "pw") == "SCRAM-SHA-512=[name=admin,password=pw]"


def test_postgres_is_durable_and_listens_on_loopback_only() -> None:
    settings = postgres_settings(15004)
    assert settings["fsync"] == settings["synchronous_commit"] == settings["full_page_writes"] == "on"
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["unix_socket_directories"] == ""
    assert settings["port"] == "15004"


def test_the_first_statements_stand_one_a_line_and_quote_the_password() -> None:
    assert first_statements("it's").splitlines() == [
        "CREATE ROLE hub LOGIN CREATEDB PASSWORD 'it''s';",
        "CREATE DATABASE hub OWNER hub TEMPLATE template0 ENCODING 'UTF8';",
    ]


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("starting\n\nlast words\n", "last words"),
        ("x ERROR disk full (a.b)\n\tat a.b.C\n", "x ERROR disk full (a.b)"),
        (
            "x ERROR Exiting (k)\na.b.CException: outer\n\tat a.b\nCaused by: d.EError: 7\n\tat d\n",
            "Caused by: d.EError: 7",
        ),
        ("t FATAL:  could not bind\nt LOG:  shut down\n", "t FATAL:  could not bind"),
    ],
)
def test_the_telling_line_of_a_log_is_its_last_error_or_else_its_last_line(log: str, line: str) -> None:
    assert telling_line(log) == line


def test_a_lock_line_names_hash_file_and_coordinate() -> None:
    jar = LockedJar(SHA, "kafka-clients-4.2.0.jar", "org.apache.kafka", "kafka-clients", "4.2.0")
    assert parse_lock("# a comment\n\n" + LINE) == (jar,)
    assert jar.coordinate == "org.apache.kafka:kafka-clients:4.2.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but a comment\n",
        LINE + LINE,
        LINE.replace(SHA, SHA[:-1]),
        LINE.replace("  kafka", " kafka"),
        LINE.replace("kafka-clients-4.2.0.jar", "../kafka-clients-4.2.0.jar"),
        LINE.replace(":4.2.0", ""),
    ],
)
def test_a_malformed_lock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lock file"):
        parse_lock(text)


def test_a_rendered_lock_is_read_back_sorted() -> None:
    first = LockedJar(SHA, "a-1.jar", "a", "a", "1")
    second = LockedJar(SHA, "b-1.jar", "b", "b", "1")
    assert parse_lock(render_lock([second, first])) == (first, second)


def test_the_committed_lock_is_generated_whole_and_of_one_kafka_version() -> None:
    text = LOCK_FILE.read_text(encoding="utf-8")
    jars = parse_lock(text)
    assert render_lock(jars) == text
    kafka = {jar.version for jar in jars if jar.group == "org.apache.kafka"}
    assert kafka == {"4.2.0"}
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"} <= {jar.artifact for jar in jars}


@pytest.mark.parametrize(
    ("allowed", "is_enough"), [(1_024, False), (4_096, True), (resource.RLIM_INFINITY, True)]
)
def test_too_few_descriptors_are_said_before_a_broker_is_started(
    monkeypatch: pytest.MonkeyPatch, allowed: int, *, is_enough: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, allowed))
    said = shortage()
    assert (said is None) is is_enough
    assert said is None or said == (
        "descriptors: Kafka needs 4000 file descriptors, the system allows 1024: raise ulimit -Hn"
    )
