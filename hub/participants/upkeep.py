"""What `hub setup` brings to participants that joined under an earlier version."""

from __future__ import annotations

import asyncio

from hub.facts.integrity import StoreKey
from hub.kafka.admin import KafkaAdmin
from hub.kafka.topics import kept
from hub.participants.registry import directory_grants, registered, user_of
from hub.postgres.database import Connection


async def open_directory(admin: KafkaAdmin, connection: Connection, key: StoreKey) -> None:
    """Let those read the directory who joined before there was one; may be repeated."""
    for one in await registered(connection, key):
        if not one.is_http:
            user = user_of(one.name, admin.prefix)
            await asyncio.to_thread(admin.grant, user, directory_grants(admin.prefix))


async def bound_topics(admin: KafkaAdmin, connection: Connection, key: StoreKey) -> list[str]:
    """Bound what the topics of participants keep that have no bound yet; returns their names."""
    shares: dict[str, int] = {}
    for one in await registered(connection, key):
        share = one.kept_bytes // one.partitions
        shares |= {f"{admin.prefix}in.{one.name}": share, f"{admin.prefix}out.{one.name}": 2 * share}
    return await asyncio.to_thread(_bound, admin, shares)


def _bound(admin: KafkaAdmin, shares: dict[str, int]) -> list[str]:
    found = admin.topic_settings(sorted(shares))
    unbound = [topic for topic, settings in found.items() if settings["retention.bytes"] == "-1"]
    for topic in unbound:
        admin.set_topic(topic, kept(shares[topic]))
    return unbound
