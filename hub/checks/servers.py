"""The servers answer, and the programs that speak to them are new enough."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence
from importlib.metadata import version

import confluent_kafka

from hub.checks.check import Check, Finding
from hub.errors import StartupError
from hub.kafka.admin import KafkaAdmin
from hub.postgres import database
from hub.settings import PostgresSettings

LEAST_LIBRDKAFKA = (2, 6, 1)
"""Older ones are not let in by Kafka 4."""


def postgres_check(settings: PostgresSettings) -> Check:
    """PostgreSQL lets this user in."""

    async def look() -> Sequence[Finding]:
        try:
            connection = await database.connect_at_start(settings, "doctor")
        except StartupError as error:
            return [
                Finding(str(error), "start it, or correct HUB_POSTGRES__DSN; nothing is decided without it")
            ]
        await connection.close()
        return []

    return Check("postgresql", "PostgreSQL answers and lets this user in", look)


def kafka_check(admin: KafkaAdmin) -> Check:
    """A broker lets this user in."""

    async def look() -> Sequence[Finding]:
        try:
            await asyncio.to_thread(admin.check)
        except StartupError as error:
            return [
                Finding(str(error), "start it, or correct the setting; what is sent waits with its sender")
            ]
        return []

    return Check("kafka", "a broker answers and lets this user in", look)


def versions_check() -> Check:
    """Names the versions that a bug report needs."""
    library = confluent_kafka.libversion()[0]
    told = f"hub {version('onestop-hub')}, Python {platform.python_version()}, librdkafka {library}"

    async def look() -> Sequence[Finding]:
        return version_findings(library)

    return Check("versions", told, look, ends_start=False)


def version_findings(library: str) -> list[Finding]:
    """What is too old (pure)."""
    parts = tuple(int(part) for part in library.split("-", maxsplit=1)[0].split(".")[:3])
    if parts >= LEAST_LIBRDKAFKA:
        return []
    least = ".".join(map(str, LEAST_LIBRDKAFKA))
    return [
        Finding(
            f"librdkafka is {library}, and Kafka 4 wants {least} or newer",
            "pip install -r requirements-run.lock",
        )
    ]
