"""Embedded stack: real Kafka (KRaft), one node or three, with SASL and ACLs, on the Java of a wheel."""

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
from hub.embedded.java import class_archive, java_program
from hub.embedded.process import is_listening, start_server
from hub.embedded.state import Folders, Server, ServerRecord, StackState, node_id
from hub.errors import StartupError

GRACEFUL = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
KILL = ((signal.SIGKILL, 5.0),)
_FORMAT_LIMIT_S = 60.0
# Not ExitOnOutOfMemoryError: the broker unpacks each record of a compressed batch into the heap, so that any
# participant could end it with 30 KB. Without it that one write is refused (Kafka 4.2).
_HEAP = {1: ("-Xms128m", "-Xmx384m"), 3: ("-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1")}
"""Of each broker, by the number of brokers; three on one machine compile less, so that they start sooner."""

_QUIET = "-Xlog:aot*=error"
"""An archive that does not fit to the letter is used as far as it does: not a word of that in the log."""


def format_storage(folders: Folders, state: StackState, server: Server, jars: Sequence[Path]) -> None:
    """Format an empty data folder with the first administrator; anything that was there is dropped."""
    shutil.rmtree(folders.kafka(server) / "data", ignore_errors=True)
    _write_settings(folders, state, server)
    command = [
        *_java(folders, state, server, jars),
        "kafka.tools.StorageTool",
        "format",
        "--cluster-id",
        state.cluster_id,
        "--config",
        str(folders.kafka(server) / "server.properties"),
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
    folders: Folders,
    state: StackState,
    server: Server,
    jars: Sequence[Path],
    record: Callable[[ServerRecord], None],
    java_options: Sequence[str] = (),
) -> ServerRecord:
    """Start the process of a broker on the ports of `state`; returns before it is ready."""
    _write_settings(folders, state, server)
    properties = folders.kafka(server) / "server.properties"
    command = [*_java(folders, state, server, jars, java_options), "kafka.Kafka", str(properties)]
    return start_server(command, folders.log(server), record)


def is_ready(state: StackState, server: Server) -> bool:
    """Return whether the administrator can log in and sees the broker unfenced; blocks up to two seconds.

    By the hub's listener: that of the participants may be full.
    """
    port = state.broker(server).internal_port
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
    return node_id(server) in metadata.brokers and metadata.cluster_id == state.cluster_id


def _write_settings(folders: Folders, state: StackState, server: Server) -> None:
    folder = folders.kafka(server)
    folder.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.touch(mode=0o600)
    password = state.kafka_broker_password
    text = server_properties(node_id(server), state.cluster, str(folder / "data"), password)
    properties.write_text(text, encoding="utf-8")
    (folder / "log4j2.properties").write_text(LOG4J, encoding="utf-8")


def _java(
    folders: Folders, state: StackState, server: Server, jars: Sequence[Path], options: Sequence[str] = ()
) -> list[str]:
    java = java_program()
    archive = class_archive(java, jars)
    return [
        str(java),
        *([f"-XX:AOTCache={archive}", _QUIET] if archive is not None and archive.exists() else []),
        *options,
        *_HEAP[len(state.brokers)],
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j2.configurationFile={folders.kafka(server) / 'log4j2.properties'}",
        "-cp",
        ":".join(str(jar) for jar in jars),
    ]
