"""Joining and leaving: topics, user, ACLs, roles and organisations of a participant in one step."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import StartupError
from hub.facts.checked import FORMER, HTTP_PARTICIPANT, PARTICIPANT, WEBHOOK
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.kafka import quotas as kafka_quotas
from hub.kafka.admin import Grant, KafkaAdmin
from hub.kafka.topics import (
    DIRECTORY,
    DIRECTORY_TOPIC,
    FACTS,
    FACTS_TOPIC,
    HEARTBEAT,
    HEARTBEAT_TOPIC,
    IN,
    KEPT_BYTES,
    OUT,
    kept,
)
from hub.participants import credentials
from hub.participants.admission import GATEWAY, GROUP, Member, check_among, check_candidate
from hub.postgres.database import Connection
from hub.postgres.versions import move_version

_REGISTER = """
insert into participant (name, roles, organisations, partitions, mac) values ($1, $2, $3, $4, $5)
"""
_REGISTERED = """
select p.name, p.roles, p.organisations, p.partitions, p.mac, h.is_documents_only, h.mac as http_mac
from participant p left join http_participant h on h.name = p.name
"""
_FORMER = f"select {FORMER.selected} from former_participant where name = $1"  # noqa: S608  no value in it
ONE_BY_ONE = "lock table participant in share row exclusive mode"
_LEAVE = """
with gone as (delete from participant where name = $1 returning name, roles, organisations)
insert into former_participant (name, roles, organisations, mac)
select name, roles, organisations, $2 from gone
"""
_LET_IN = """
insert into http_participant (name, is_documents_only, mac) values ($1, $2, $3) on conflict (name) do nothing
"""
_MEND = "put the row back from a backup, as docs/operations.md says"
_CALL_NO_MORE = "delete from webhook where participant = $1"
_CALL_OUT = """
insert into webhook (participant, url, secret, positions, mac) values ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True)
class Participant:
    """A registered participant; the quota is the broker's to keep, in bytes per second each way.

    `is_http`: it comes through the gateway and has no user on the broker. `has_documents`: its events go over
    Kafka, and it comes to the gateway for documents and look-ups.
    """

    name: str
    roles: tuple[str, ...]
    organisations: tuple[str, ...]
    partitions: int
    quota_bytes_per_s: int | None = None
    is_http: bool = False
    has_documents: bool = False
    kept_bytes: int = KEPT_BYTES


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
        Grant("topic", f"{prefix}out.", "describe_configs", is_prefix=True),
        Grant("topic", f"{prefix}{FACTS_TOPIC}", "write"),
        Grant("topic", f"{prefix}{FACTS_TOPIC}", "describe_configs"),
        Grant("topic", f"{prefix}{FACTS_TOPIC}", "describe"),
        Grant("topic", prefix + HEARTBEAT_TOPIC, "write"),
        Grant("topic", prefix + HEARTBEAT_TOPIC, "describe_configs"),
        *(
            Grant("topic", prefix + DIRECTORY_TOPIC, right)
            for right in ("write", "read", "describe", "describe_configs")
        ),
        Grant("group", prefix + GROUP, "read"),
        Grant("group", prefix + GROUP, "describe"),
    ]


def participant_grants(name: str, prefix: str) -> list[Grant]:
    """A participant writes only its own `in.` topic, and reads its own `out.` topic and the directory."""
    return [
        Grant("topic", f"{prefix}in.{name}", "write"),
        Grant("topic", f"{prefix}in.{name}", "describe"),
        Grant("topic", f"{prefix}out.{name}", "read"),
        Grant("topic", f"{prefix}out.{name}", "describe"),
        Grant("group", f"{prefix}{name}", "read"),
        Grant("group", f"{prefix}{name}.", "read", is_prefix=True),
        *directory_grants(prefix),
    ]


def directory_grants(prefix: str) -> list[Grant]:
    """What every participant may read: what its requests may name."""
    return [Grant("topic", prefix + DIRECTORY_TOPIC, right) for right in ("read", "describe")]


def gateway_grants(name: str, prefix: str) -> list[Grant]:
    """What the gateway may do in the name of one participant that comes over HTTPS; without any group."""
    return participant_grants(name, prefix)[:4]


async def set_up_gateway(admin: KafkaAdmin, connection: Connection, key: StoreKey) -> str:
    """Create the gateway's user; returns its new password."""
    await prepare_gateway(admin, connection, key)
    return await asyncio.to_thread(admin.set_password, user_of(GATEWAY, admin.prefix))


async def prepare_gateway(admin: KafkaAdmin, connection: Connection, key: StoreKey) -> None:
    """The rights of the gateway's user: on the topics of HTTP participants only."""
    user = user_of(GATEWAY, admin.prefix)
    grants = [Grant("broker", "kafka-cluster", "idempotent_write")]
    for participant in await registered(connection, key):
        if participant.is_http:
            grants += gateway_grants(participant.name, admin.prefix)
    await asyncio.to_thread(admin.grant, user, grants)


async def set_up_hub(admin: KafkaAdmin, user: str, partitions: int) -> str:
    """Create the hub's own topics and user; returns the new password of the user."""
    await prepare_hub(admin, user, partitions)
    return await asyncio.to_thread(admin.set_password, user)


async def prepare_hub(admin: KafkaAdmin, user: str, partitions: int) -> None:
    """The hub's own topics, and the rights of its user; what exists stays as it is."""
    await asyncio.to_thread(admin.create_topic, f"{admin.prefix}in.hub", partitions, IN)
    await asyncio.to_thread(admin.create_topic, f"{admin.prefix}{FACTS_TOPIC}", partitions, FACTS)
    await asyncio.to_thread(admin.create_topic, admin.prefix + HEARTBEAT_TOPIC, 1, HEARTBEAT)
    await asyncio.to_thread(admin.create_topic, admin.prefix + DIRECTORY_TOPIC, 1, DIRECTORY)
    await asyncio.to_thread(admin.grant, user, hub_grants(admin.prefix))


async def add(admin: KafkaAdmin, connection: Connection, key: StoreKey, participant: Participant) -> str:
    """Register, create topics, user and ACLs; returns the password, which is shown once and stored nowhere.

    A participant over HTTPS gets no user: what is returned is its token, and the gateway gets the rights.
    Raises `StartupError` for a name or role that is not allowed or a name that is taken.
    """
    check_candidate(participant.name, participant.roles, participant.organisations)
    await kafka_quotas.read_quota(admin.settings, user_of(participant.name, admin.prefix))  # are we let to?
    await asyncio.to_thread(_must_be_free, admin, participant)
    async with connection.transaction():
        await connection.execute(ONE_BY_ONE)
        await _must_fit(connection, key, participant)
        row = _row(participant)
        await connection.execute(_REGISTER, *row, PARTICIPANT.check(key, *row))
        await connection.execute("delete from former_participant where name = $1", participant.name)
        if participant.is_http:
            await _let_in(connection, key, participant.name, is_documents_only=False)
        secret = await _admit(admin, connection, key, participant)
        await moved(connection)
    return secret


async def _let_in(connection: Connection, key: StoreKey, name: str, *, is_documents_only: bool) -> None:
    check = HTTP_PARTICIPANT.check(key, name, is_documents_only)
    await connection.execute(_LET_IN, name, is_documents_only, check)


async def _must_fit(connection: Connection, key: StoreKey, participant: Participant) -> None:
    """`StartupError` when somebody who is or was there has something against it."""
    there = [Member(one.name, one.roles, one.organisations) for one in await registered(connection, key)]
    rows = await connection.fetch(_FORMER, participant.name)
    if any(not FORMER.is_genuine(row, key) for row in rows):
        raise StartupError(f"who had the name {participant.name!r} is not what the hub has written: {_MEND}")
    were = [Member(row["name"], row["roles"], row["organisations"], is_former=True) for row in rows]
    check_among(Member(participant.name, participant.roles, participant.organisations), [*there, *were])


def _must_be_free(admin: KafkaAdmin, participant: Participant) -> None:
    """`StartupError` when the broker has topics or a user of somebody else under this name. Blocks."""
    name, user = participant.name, user_of(participant.name, admin.prefix)
    inside = f"{user}."
    if any(topic.startswith(inside) for topic in admin.topic_names()):
        raise StartupError(f"participant name {name!r}: another hub on this broker has the prefix {inside!r}")
    if participant.is_http:
        return
    if not admin.has_user(user):
        return
    left = admin.rights_of(user)
    if not left or not left <= set(participant_grants(name, admin.prefix)):
        raise StartupError(f"participant name {name!r}: somebody else is user {user!r} of the broker")


async def _admit(admin: KafkaAdmin, connection: Connection, key: StoreKey, participant: Participant) -> str:
    """Everything on the broker; each step may be repeated after a failure."""
    name, user = participant.name, user_of(participant.name, admin.prefix)
    share = participant.kept_bytes // participant.partitions
    for topic, config in ((f"out.{name}", OUT | kept(2 * share)), (f"in.{name}", IN | kept(share))):
        await asyncio.to_thread(admin.create_topic, admin.prefix + topic, participant.partitions, config)
    if participant.is_http:
        await asyncio.to_thread(
            admin.grant, user_of(GATEWAY, admin.prefix), gateway_grants(name, admin.prefix)
        )
        return await credentials.issue_token(connection, key, name)
    await asyncio.to_thread(admin.grant, user, participant_grants(name, admin.prefix))
    await kafka_quotas.set_quota(admin.settings, user, participant.quota_bytes_per_s)
    return await asyncio.to_thread(admin.set_password, user)


async def rotate(
    admin: KafkaAdmin,
    connection: Connection,
    key: StoreKey,
    name: str,
    *,
    overlap: timedelta = credentials.OVERLAP,
) -> str:
    """Give a participant a new password; the old one stops working for new connections.

    Over HTTPS it is a new token, and the old one opens the door for `overlap` yet.
    """
    if await is_http(connection, key, name):
        async with connection.transaction():
            token = await credentials.issue_token(connection, key, name, overlap=overlap)
            await moved(connection)
        return token
    return await asyncio.to_thread(admin.set_password, user_of(name, admin.prefix))


async def let_in_for_documents(
    connection: Connection, key: StoreKey, name: str, *, overlap: timedelta = credentials.OVERLAP
) -> str:
    """A token with which a participant over Kafka comes to the gateway for documents and look-ups.

    Called again it draws a new one, and the old one opens the door for `overlap` yet. The gateway gets no
    right on the participant's topics. Raises `StartupError` for one that has a token for everything.
    """
    if await is_http(connection, key, name):
        raise StartupError(f"{name} takes part over HTTPS: its token serves documents already")
    async with connection.transaction():
        await _let_in(connection, key, name, is_documents_only=True)
        token = await credentials.issue_token(connection, key, name, overlap=overlap)
        await moved(connection)
    return token


async def bind_certificate(connection: Connection, key: StoreKey, name: str, pem: bytes) -> None:
    """Let a client certificate serve as the token of a participant; an older one ends after the overlap."""
    found = await registered_one(connection, key, name)
    if not (found.is_http or found.has_documents):
        raise StartupError(f"{name} does not come to the gateway")
    try:
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError:
        raise StartupError("the file holds no certificate in PEM") from None
    async with connection.transaction():
        if not await credentials.bind_certificate(connection, key, name, der):
            raise StartupError("the certificate belongs to another participant")
        await moved(connection)


async def set_webhook(
    connection: Connection, key: StoreKey, name: str, url: str | None, *, is_test: bool = False
) -> str | None:
    """Call messages out to `url`, from the oldest kept on; None ends it. Returns a new secret.

    `StartupError` for a URL that cannot be called; a webhook from before then stays as it was.
    """
    participant = await registered_one(connection, key, name)
    if not participant.is_http:
        raise StartupError(f"{name} does not take part over HTTPS")
    if url is None:
        await connection.execute(_CALL_NO_MORE, name)
        return None
    from hub.participants.webhook_call import check_url, new_secret  # noqa: PLC0415 - an HTTP client, for this only

    check_url(url, is_test=is_test)
    secret = new_secret()
    row = name, url, secret, [0] * participant.partitions
    async with connection.transaction():
        await connection.execute(_CALL_NO_MORE, name)
        await connection.execute(_CALL_OUT, *row, WEBHOOK.check(key, *row))
    return secret


async def remove(admin: KafkaAdmin, connection: Connection, key: StoreKey, name: str) -> None:
    """Take away ACLs, password, quota and registration; the topics stay until their retention is over.

    Of a row that the hub has not written, all is taken away that it could have; nobody gets its name.
    """
    row = await connection.fetchrow(f"{_REGISTERED} where p.name = $1", name)
    if row is None:
        raise StartupError(f"no participant {name}: hub participants list")
    found = _participant(row, key)
    # Also of who has no row of `http_participant`: somebody may have deleted it.
    rights = gateway_grants(name, admin.prefix)
    await asyncio.to_thread(admin.revoke, user_of(GATEWAY, admin.prefix), rights)
    if found is None or not found.is_http:
        user = user_of(name, admin.prefix)
        await asyncio.to_thread(admin.revoke_all, user)
        await asyncio.to_thread(admin.remove_user, user)
        await kafka_quotas.set_quota(admin.settings, user, None)
    check = FORMER.check(key, name, row["roles"], row["organisations"]) if found is not None else None
    await connection.execute(_LEAVE, name, check)
    await moved(connection)


async def is_http(connection: Connection, key: StoreKey, name: str) -> bool:
    """Whether the participant comes over HTTPS; `StartupError` when there is none of this name."""
    return (await registered_one(connection, key, name)).is_http


async def registered(connection: Connection, key: StoreKey) -> list[Participant]:
    """All participants by name, without those whose rows the hub has not written."""
    rows = await connection.fetch(f"{_REGISTERED} order by p.name")
    found = []
    for row in rows:
        one = _participant(row, key)
        if one is None:
            tell_untrusted(PARTICIPANT.altered(row))
        else:
            found.append(one)
    return found


async def registered_one(connection: Connection, key: StoreKey, name: str) -> Participant:
    """The one of this name; `StartupError` when there is none of this name, or its row was altered."""
    row = await connection.fetchrow(f"{_REGISTERED} where p.name = $1", name)
    if row is None:
        raise StartupError(f"no participant {name}: hub participants list")
    found = _participant(row, key)
    if found is None:
        raise StartupError(f"participant {name} is not what the hub has written: {_MEND}")
    return found


def _participant(row: asyncpg.Record, key: StoreKey) -> Participant | None:
    """None for one that the hub has not written so."""
    is_documents_only = row["is_documents_only"]
    if not PARTICIPANT.is_genuine(row, key):
        return None
    if is_documents_only is not None and not HTTP_PARTICIPANT.is_genuine(row, key, "http_mac"):
        return None
    return Participant(
        row["name"],
        tuple(row["roles"]),
        tuple(row["organisations"]),
        row["partitions"],
        is_http=is_documents_only is False,
        has_documents=is_documents_only is True,
    )


def _row(participant: Participant) -> tuple[object, ...]:
    return (
        participant.name,
        list(participant.roles),
        list(participant.organisations),
        participant.partitions,
    )


async def moved(connection: Connection) -> None:
    """Let engines and gateways read who takes part again."""
    await move_version(connection, "participants")
