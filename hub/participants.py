"""Joining and leaving: topics, user, ACLs, roles and organisations of a participant in one step."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hub import kafka_quotas
from hub.errors import StartupError
from hub.kafka_admin import Grant, KafkaAdmin
from hub.store.database import Connection

ROLES = ("counter", "agency", "portal", "postal", "population", "payments", "notifier")
GROUP = "hub-engine"
HEARTBEAT_TOPIC = "hub.heartbeat"
_NAME = re.compile(r"^[a-z][a-z0-9-]{1,40}$")
_REGISTER = """
insert into participant (name, roles, organisations, partitions) values ($1, $2, $3, $4)
on conflict do nothing returning name
"""
_DAY_MS = 86_400_000
_IN = {
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    "cleanup.policy": "delete",
    "retention.ms": str(7 * _DAY_MS),
    "max.message.bytes": "1048588",
}
_OUT = {"cleanup.policy": "delete", "retention.ms": str(14 * _DAY_MS), "max.message.bytes": str(4 << 20)}
_HEARTBEAT = {"cleanup.policy": "delete", "retention.ms": "3600000"}
_FACTS = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(4 << 20)}


@dataclass(frozen=True, slots=True)
class Participant:
    """A registered participant; the quota is the broker's to keep, in bytes per second each way."""

    name: str
    roles: tuple[str, ...]
    organisations: tuple[str, ...]
    partitions: int
    quota_bytes_per_s: int | None = None


def user_of(name: str, prefix: str) -> str:
    """The SCRAM user of a participant."""
    return f"{prefix}{name}"


def hub_grants(prefix: str) -> list[Grant]:
    """What the hub's own processes may do; `prefix` stands before all topics and groups of this hub."""
    return [
        Grant("topic", f"{prefix}in.", "read", is_prefix=True),
        Grant("topic", f"{prefix}in.", "describe", is_prefix=True),
        Grant("topic", f"{prefix}in.", "describe_configs", is_prefix=True),
        Grant("topic", f"{prefix}in.hub", "write"),
        Grant("topic", f"{prefix}out.", "write", is_prefix=True),
        Grant("topic", f"{prefix}out.", "describe", is_prefix=True),
        Grant("topic", f"{prefix}dossier.facts", "write"),
        Grant("topic", f"{prefix}dossier.facts", "describe"),
        Grant("topic", prefix + HEARTBEAT_TOPIC, "write"),
        Grant("group", prefix + GROUP, "read"),
        Grant("group", prefix + GROUP, "describe"),
    ]


def participant_grants(name: str, prefix: str) -> list[Grant]:
    """A participant writes only its own `in.` topic and reads only its own `out.` topic and groups."""
    return [
        Grant("topic", f"{prefix}in.{name}", "write"),
        Grant("topic", f"{prefix}in.{name}", "describe"),
        Grant("topic", f"{prefix}out.{name}", "read"),
        Grant("topic", f"{prefix}out.{name}", "describe"),
        Grant("group", f"{prefix}{name}", "read"),
        Grant("group", f"{prefix}{name}.", "read", is_prefix=True),
    ]


async def set_up_hub(admin: KafkaAdmin, user: str, partitions: int) -> str:
    """Create the hub's own topics and user; returns the new password of the user."""
    await asyncio.to_thread(admin.create_topic, f"{admin.prefix}in.hub", partitions, _IN)
    await asyncio.to_thread(admin.create_topic, f"{admin.prefix}dossier.facts", partitions, _FACTS)
    await asyncio.to_thread(admin.create_topic, admin.prefix + HEARTBEAT_TOPIC, 1, _HEARTBEAT)
    password = await asyncio.to_thread(admin.set_password, user)
    await asyncio.to_thread(admin.grant, user, hub_grants(admin.prefix))
    return password


async def add(admin: KafkaAdmin, connection: Connection, participant: Participant) -> str:
    """Register, create topics, user and ACLs; returns the password, which is shown once and stored nowhere.

    Raises `StartupError` for a name or role that is not allowed or a name that is taken.
    """
    _check(participant)
    async with connection.transaction():
        if await connection.fetchval(_REGISTER, *_row(participant)) is None:
            raise StartupError(f"participant {participant.name} exists already")
        password = await _admit(admin, participant)
        await _moved(connection)
    return password


async def _admit(admin: KafkaAdmin, participant: Participant) -> str:
    """Everything on the broker; each step may be repeated after a failure."""
    name, user = participant.name, user_of(participant.name, admin.prefix)
    for topic, config in ((f"out.{name}", _OUT), (f"in.{name}", _IN)):
        await asyncio.to_thread(admin.create_topic, admin.prefix + topic, participant.partitions, config)
    await asyncio.to_thread(admin.grant, user, participant_grants(name, admin.prefix))
    await kafka_quotas.set_quota(admin.settings, user, participant.quota_bytes_per_s)
    return await asyncio.to_thread(admin.set_password, user)


async def rotate(admin: KafkaAdmin, connection: Connection, name: str) -> str:
    """Give a participant a new password; the old one stops working for new connections."""
    await _must_exist(connection, name)
    return await asyncio.to_thread(admin.set_password, user_of(name, admin.prefix))


async def remove(admin: KafkaAdmin, connection: Connection, name: str) -> None:
    """Take away ACLs, password, quota and registration; the topics stay until their retention is over."""
    await _must_exist(connection, name)
    user = user_of(name, admin.prefix)
    await asyncio.to_thread(admin.revoke_all, user)
    await asyncio.to_thread(admin.remove_user, user)
    await kafka_quotas.set_quota(admin.settings, user, None)
    await connection.execute("delete from participant where name = $1", name)
    await _moved(connection)


async def _must_exist(connection: Connection, name: str) -> None:
    if await connection.fetchval("select 1 from participant where name = $1", name) is None:
        raise StartupError(f"no participant {name}")


async def registered(connection: Connection) -> list[Participant]:
    """All participants by name."""
    rows = await connection.fetch(
        "select name, roles, organisations, partitions from participant order by name"
    )
    return [
        Participant(row["name"], tuple(row["roles"]), tuple(row["organisations"]), row["partitions"])
        for row in rows
    ]


def _row(participant: Participant) -> tuple[object, ...]:
    return (
        participant.name,
        list(participant.roles),
        list(participant.organisations),
        participant.partitions,
    )


async def _moved(connection: Connection) -> None:
    await connection.execute(
        "update configuration_version set version = version + 1 where kind = 'participants'"
    )


def _check(participant: Participant) -> None:
    if not _NAME.fullmatch(participant.name) or participant.name == "hub":
        raise StartupError(
            f"participant name {participant.name!r}: lower-case letters, digits and '-', 2 to 41"
        )
    unknown = _unknown(participant.roles)
    if unknown or not participant.roles:
        raise StartupError(f"roles {', '.join(unknown) or '(none)'}: one or more of {', '.join(ROLES)}")


def _unknown(roles: Iterable[str]) -> list[str]:
    return [role for role in roles if role not in ROLES]
