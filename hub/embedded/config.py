"""Embedded stack, pure part: the text that Kafka and PostgreSQL are configured with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.embedded.connections import connection_settings, memory_settings

ADMIN_USER = "admin"
BROKER_USER = "broker"
SASL_MECHANISM = "SCRAM-SHA-512"
HOST = "127.0.0.1"

# Of a Java stack trace the last such line is the root cause.
_TELLING = re.compile(
    r"FATAL|PANIC|ERROR|^Error: |^(Caused by: |Exception in thread .*)?[\w.$]+(Exception|Error)(: |$)"
)

_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"

# Few partitions keep start and recovery short.
_INTERNAL_TOPICS = {
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "8",
}

_BEHAVIOUR = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "auto.create.topics.enable": "false",
    "group.coordinator.append.linger.ms": "0",  # the default of Kafka 4 costs 6 ms per commit
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "500",
}

_SIZES = {
    "num.partitions": "4",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.segment.bytes": str(128 * 1024 * 1024),
    "log.retention.hours": "168",
    "log.retention.check.interval.ms": "10000",
    "log.index.size.max.bytes": str(1024 * 1024),
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),  # taken from the heap; the default is 128 MiB
}

LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
logger.clients.name = org.apache.kafka.clients
logger.clients.level = warn
logger.coordinator.name = org.apache.kafka.coordinator
logger.coordinator.level = warn
"""


@dataclass(frozen=True, slots=True)
class KafkaPorts:
    """The three loopback ports of a node: for participants, for brokers and hub, for the controllers."""

    participants: int
    internal: int
    controller: int


def plain_jaas(user: str, password: str) -> str:
    """Return the JAAS line of a listener whose only PLAIN user is the broker itself."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    return f'{_PLAIN_MODULE} required username="{user}" password="{quoted}" user_{user}="{quoted}";'


def server_properties(
    node: int, cluster: Mapping[int, KafkaPorts], data_dir: str, broker_password: str
) -> str:
    """Return the `server.properties` of one of the nodes, each broker and controller, with SASL and ACLs on.

    `cluster` holds the ports of all nodes by node id. Every node has a copy of everything.
    """
    ports = cluster[node]
    jaas = plain_jaas(BROKER_USER, broker_password)
    voters = (f"{other}@{HOST}:{cluster[other].controller}" for other in sorted(cluster))
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": ",".join(voters),
        "listeners": ",".join(
            (
                f"PARTICIPANTS://{HOST}:{ports.participants}",
                f"INTERNAL://{HOST}:{ports.internal}",
                f"CONTROLLER://{HOST}:{ports.controller}",
            )
        ),
        "listener.security.protocol.map": ",".join(
            f"{name}:SASL_PLAINTEXT" for name in ("PARTICIPANTS", "INTERNAL", "CONTROLLER")
        ),
        "inter.broker.listener.name": "INTERNAL",
        "controller.listener.names": "CONTROLLER",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.participants.sasl.enabled.mechanisms": SASL_MECHANISM,
        "listener.name.participants.scram-sha-512.sasl.jaas.config": f"{_SCRAM_MODULE} required;",
        "listener.name.internal.sasl.enabled.mechanisms": f"PLAIN,{SASL_MECHANISM}",
        "listener.name.internal.plain.sasl.jaas.config": jaas,
        "listener.name.internal.scram-sha-512.sasl.jaas.config": f"{_SCRAM_MODULE} required;",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": jaas,
        "super.users": f"User:{BROKER_USER};User:{ADMIN_USER}",
        "log.dirs": data_dir,
    }
    settings |= _BEHAVIOUR | _INTERNAL_TOPICS | _copies(len(cluster)) | _SIZES
    return properties_text(settings | connection_settings() | memory_settings())


def _copies(brokers: int) -> dict[str, str]:
    """How many copies there are, and how many are written before anything is acknowledged."""
    copies, written = str(brokers), str(brokers // 2 + 1)
    return {
        # A broker that was killed is registered again only after its old session ended.
        "broker.session.timeout.ms": "3000" if brokers == 1 else "5000",
        "default.replication.factor": copies,
        "min.insync.replicas": written,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": written,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": written,
    }


def properties_text(settings: Mapping[str, str]) -> str:
    """Return a Java property file; backslashes in values are escaped."""
    return "".join(f"{key}={value.replace(chr(92), chr(92) * 2)}\n" for key, value in settings.items())


def add_scram_argument(user: str, password: str) -> str:
    """Return the value of `StorageTool format --add-scram` that creates `user`."""
    return f"{SASL_MECHANISM}=[name={user},password={password}]"


def postgres_settings(port: int) -> dict[str, str]:
    """Return the server settings of PostgreSQL: durable, loopback TCP only, room for many schemas."""
    return {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "password_encryption": "scram-sha-256",
        "shared_buffers": "256MB",
        "max_connections": "400",
        "max_locks_per_transaction": "512",
        "max_wal_size": "1GB",
        "huge_pages": "off",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %q%d ",
    }


def first_statements(hub_password: str) -> str:
    """Return the SQL, one statement per line, that makes role and database `hub` (single-user mode)."""
    quoted = hub_password.replace("'", "''")
    return (
        f"CREATE ROLE hub LOGIN CREATEDB PASSWORD '{quoted}';\n"
        "CREATE DATABASE hub OWNER hub TEMPLATE template0 ENCODING 'UTF8';\n"
    )


def telling_line(log_text: str) -> str:
    """Return the line of a server's log that says best why it ended; empty if there is none."""
    lines = [line.strip() for line in log_text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    chosen = telling or lines
    return chosen[-1][:300] if chosen else ""
