"""Embedded stack: a real single-node Kafka (KRaft) with SASL and ACLs, on the Java of a wheel."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from hub.embedded.config import (
    ADMIN_USER,
    HOST,
    LOG4J,
    SASL_MECHANISM,
    add_scram_argument,
    server_properties,
    telling_line,
)
from hub.embedded.java import java_program
from hub.embedded.process import is_listening, start_server
from hub.embedded.state import Folders, ServerRecord, State
from hub.errors import StartupError

GRACEFUL = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
KILL = ((signal.SIGKILL, 5.0),)
_FORMAT_LIMIT_S = 60.0
# Not ExitOnOutOfMemoryError: the broker unpacks each record of a compressed batch into the heap, so that any
# participant could end it with 30 KB. Without it that one write is refused (Kafka 4.2).
_HEAP = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC")


def format_storage(folders: Folders, state: State, jars: Sequence[Path]) -> None:
    """Format an empty data folder with the first administrator; anything that was there is dropped."""
    shutil.rmtree(folders.kafka / "data", ignore_errors=True)
    _write_settings(folders, state)
    command = [
        *_java(folders, jars),
        "kafka.tools.StorageTool",
        "format",
        "--cluster-id",
        state.cluster_id,
        "--config",
        str(folders.kafka / "server.properties"),
        "--add-scram",
        add_scram_argument(ADMIN_USER, state.kafka_admin_password),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own Java with our own arguments
            command, capture_output=True, text=True, timeout=_FORMAT_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartupError(f"Kafka: cannot format its storage: {type(error).__name__}") from error
    if done.returncode != 0:
        raise StartupError(f"Kafka: cannot format its storage: {telling_line(done.stdout + done.stderr)}")


def start(
    folders: Folders, state: State, jars: Sequence[Path], record: Callable[[ServerRecord], None]
) -> ServerRecord:
    """Start the broker process on the ports of `state`; returns before it is ready."""
    _write_settings(folders, state)
    command = [*_java(folders, jars), "kafka.Kafka", str(folders.kafka / "server.properties")]
    return start_server(command, folders.log("kafka"), record)


def is_ready(state: State) -> bool:
    """Return whether the administrator can log in and sees an unfenced broker; blocks up to two seconds."""
    port = state.kafka_participants_port
    if not is_listening(port):
        return False
    admin = AdminClient(
        {
            "bootstrap.servers": f"{HOST}:{port}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": SASL_MECHANISM,
            "sasl.username": ADMIN_USER,
            "sasl.password": state.kafka_admin_password,
            "socket.timeout.ms": 2000,
            "log_level": 0,
        }
    )
    try:
        metadata = admin.list_topics(timeout=2.0)
    except KafkaException:
        return False
    return bool(metadata.brokers) and metadata.cluster_id == state.cluster_id


def _write_settings(folders: Folders, state: State) -> None:
    folders.kafka.mkdir(parents=True, exist_ok=True)
    properties = folders.kafka / "server.properties"
    properties.touch(mode=0o600)
    text = server_properties(state.kafka_ports, str(folders.kafka / "data"), state.kafka_broker_password)
    properties.write_text(text, encoding="utf-8")
    (folders.kafka / "log4j2.properties").write_text(LOG4J, encoding="utf-8")


def _java(folders: Folders, jars: Sequence[Path]) -> list[str]:
    return [
        str(java_program()),
        *_HEAP,
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j2.configurationFile={folders.kafka / 'log4j2.properties'}",
        "-cp",
        ":".join(str(jar) for jar in jars),
    ]
