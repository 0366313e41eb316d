"""Changing a participant that takes part: what it may be is checked as when it joined."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from hub.errors import StartupError
from hub.facts.checked import PARTICIPANT
from hub.facts.integrity import StoreKey
from hub.kafka import quotas as kafka_quotas
from hub.kafka.admin import KafkaAdmin
from hub.kafka.topics import kept
from hub.participants.admission import Member, check_among, check_candidate
from hub.participants.registry import ONE_BY_ONE, Participant, moved, registered, registered_one, user_of
from hub.postgres.database import Connection

_UPDATE = "update participant set roles = $2, organisations = $3, mac = $4 where name = $1"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be so from now on; None stays as it is."""

    roles: tuple[str, ...] | None = None
    organisations: tuple[str, ...] | None = None
    quota_bytes_per_s: int | None = None
    kept_bytes: int | None = None


async def edit(
    admin: KafkaAdmin, connection: Connection, key: StoreKey, name: str, change: Change
) -> tuple[Participant, Participant]:
    """Change a participant; returns it as it was and as it is. Engines and gateways notice within a second.

    Raises `StartupError` in one line for what `add` would refuse, and for organisations none of which it had:
    its topic and its references are still those of the others (decision 34).
    """
    async with connection.transaction():
        await connection.execute(ONE_BY_ONE)
        before = await registered_one(connection, key, name)
        after = replace(
            before,
            roles=before.roles if change.roles is None else change.roles,
            organisations=before.organisations if change.organisations is None else change.organisations,
        )
        check_candidate(name, after.roles, after.organisations)
        _must_stay_its_own(before, after)
        others = [one for one in await registered(connection, key) if one.name != name]
        check_among(_member(after), map(_member, others))
        row = name, list(after.roles), list(after.organisations)
        check = PARTICIPANT.check(key, *row, after.partitions)
        await connection.execute(_UPDATE, *row, check)
        await moved(connection)
        await _on_the_broker(admin, after, change)
    return before, after


def _must_stay_its_own(before: Participant, after: Participant) -> None:
    if (
        before.organisations
        and after.organisations
        and not set(before.organisations) & set(after.organisations)
    ):
        raise StartupError(
            f"organisations {', '.join(after.organisations)}: {before.name} speaks for"
            f" {', '.join(before.organisations)}, whose messages and references are still there;"
            " keep one of them, or add a participant with another name"
        )


async def _on_the_broker(admin: KafkaAdmin, after: Participant, change: Change) -> None:
    if change.quota_bytes_per_s is not None:
        if after.is_http:
            raise StartupError(
                f"{after.name} takes part over HTTPS: HUB_GATEWAY__EVENT_BYTES_PER_S bounds it"
            )
        user = user_of(after.name, admin.prefix)
        await kafka_quotas.set_quota(admin.settings, user, change.quota_bytes_per_s)
    if change.kept_bytes is not None:
        share = change.kept_bytes // after.partitions
        for topic, most in ((f"in.{after.name}", share), (f"out.{after.name}", 2 * share)):
            await asyncio.to_thread(admin.set_topic, admin.prefix + topic, kept(most))


def _member(one: Participant) -> Member:
    return Member(one.name, one.roles, one.organisations)
