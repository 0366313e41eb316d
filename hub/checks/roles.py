"""Which checks each role looks at: one list, of which `hub doctor` runs all."""

from __future__ import annotations

from collections.abc import Collection

from hub.checks.adapters import adapters_check
from hub.checks.check import Check
from hub.checks.law import calendar_check
from hub.checks.machine import descriptors_check, disk_check, key_file_check
from hub.checks.reports import reports_check
from hub.checks.rows import rows_check
from hub.checks.store import Connect, clock_check, session_check, store_check
from hub.checks.topics import topic_check
from hub.errors import UntrustedRowError
from hub.facts.checked import PARTICIPANT
from hub.facts.integrity import StoreKey
from hub.facts.sealing import store_key_of
from hub.kafka.admin import KafkaAdmin
from hub.regulation.lawbook import load_book
from hub.settings import GatewaySettings, PostgresSettings, Settings
from hub.settings.documents import DocumentsSettings


def engine_checks(settings: Settings, admin: KafkaAdmin, connect: Connect) -> tuple[Check, ...]:
    """All of them: an engine uses all that there is."""

    async def names() -> Collection[str]:
        rows = await (await connect()).fetch(f"select {PARTICIPANT.selected} from participant")  # noqa: S608
        return [row["name"] for row in PARTICIPANT.genuine(rows, store_key_of(settings), _untold)]

    book = load_book(settings.profile, settings.regulation)
    return (
        key_file_check(settings.master_key_file),
        session_check(settings.postgres),
        store_check(connect),
        rows_check(connect, lambda: store_key_of(settings)),
        topic_check(admin, names),
        clock_check(connect, settings.kafka),
        calendar_check(book),
        disk_check(settings.documents),
        adapters_check(connect),
        reports_check(connect, book, lambda: store_key_of(settings), settings.environment),
    )


def gateway_checks(
    gateway: GatewaySettings,
    documents: DocumentsSettings,
    postgres: PostgresSettings,
    connect: Connect,
    key: StoreKey,
) -> tuple[Check, ...]:
    """What a gateway needs: it holds no master key and may not ask about topics."""
    return (
        descriptors_check(gateway),
        session_check(postgres),
        store_check(connect),
        rows_check(connect, lambda: key),
        disk_check(documents),
    )


def public_checks(connect: Connect) -> tuple[Check, ...]:
    """What the public page needs: it only reads the store."""
    return (store_check(connect),)


def adapter_checks(postgres: PostgresSettings, connect: Connect, name: str) -> tuple[Check, ...]:
    """What an adapter needs: it holds no key of the hub."""
    return (session_check(postgres), store_check(connect, name))


def _untold(_: UntrustedRowError) -> None:
    """The check of rows tells it."""
