"""The one read of a batch, and the small tables that an engine keeps in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from hub.dossier.decision import Sender
from hub.engine.decide.known import Wanted
from hub.engine.decide.unit_of_work import InboxEntry, StoredDossier, View
from hub.engine.write.calls import READ_BATCH
from hub.errors import StartupError
from hub.facts.checked import PARTICIPANT
from hub.facts.integrity import StoreKey
from hub.facts.packing import texts
from hub.facts.untrusted import OnUntrusted, tell_untrusted
from hub.inbound.directory import Directory
from hub.postgres.database import Connection

STORED_FORMAT = 2
"""Of states, facts, receipts and segments; the store has that of the program that set it up."""


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """The view of a batch, and the versions of participants and clock that stood when it was read."""

    view: View
    versions: dict[str, int]


async def read_batch(connection: Connection, wanted: Wanted, key: StoreKey) -> ReadBatch:
    """Read without locks; what was used is compared when the batch is written. Altered rows are marked."""
    given = {
        "participants": texts(wanted.participants),
        "ids": texts(wanted.ids),
        "aliases": texts(wanted.aliases),
        "dossiers": texts(wanted.dossiers),
    }
    rows = await connection.fetch(READ_BATCH.statement, *READ_BATCH.arguments(given))
    inbox: dict[tuple[str, str], InboxEntry] = {}
    aliases: dict[str, str] = {}
    altered: set[str] = set()
    dossiers: dict[str, StoredDossier] = {}
    versions: dict[str, int] = {}
    for row in rows:
        kind, name, dossier = row[0], row[1], row[3]
        if kind == "inbox":
            inbox[(name, row[2])] = _answered(row, key)
        elif kind == "version":
            versions[name] = row[5]
        else:
            if kind == "alias":
                aliases[name] = dossier
                if row[11] != key.alias(name, dossier):
                    altered.add(name)
            if dossier not in dossiers:
                dossiers[dossier] = _dossier(row, key)
    return ReadBatch(View(inbox, aliases, dossiers, frozenset(altered)), versions)


def _answered(row: asyncpg.Record, key: StoreKey) -> InboxEntry:
    _, participant, request_id, dossier, digest, _, _, receipt, _, _, mac, _ = row
    is_altered = mac != key.inbox(participant, request_id, digest, receipt, dossier)
    return InboxEntry(digest, receipt, dossier, is_altered)


def _dossier(row: asyncpg.Record, key: StoreKey) -> StoredDossier:
    _, _, _, dossier, head, sequence, parked, state, wrapped, private, mac, _ = row
    is_altered = mac != key.dossier(dossier, head, sequence, state, private, wrapped)
    is_altered |= parked < 0 and wrapped is not None  # as only an erasure leaves it
    return StoredDossier(dossier, head, sequence, parked, state, wrapped, private, is_altered)


async def read_directory(
    connection: Connection, key: StoreKey, told: OnUntrusted = tell_untrusted
) -> Directory:
    """All participants; one that the hub has not written so takes no part, and `told` gets its name."""
    query = f"select {PARTICIPANT.selected} from participant"  # noqa: S608  no value stands in it
    rows = await connection.fetch(query)
    genuine = PARTICIPANT.genuine(rows, key, told)
    senders = [
        Sender(row["name"], frozenset(row["roles"]), frozenset(row["organisations"])) for row in genuine
    ]
    return Directory(senders, {row["name"] for row in rows} - {sender.name for sender in senders})


def must_know(versions: Mapping[str, int]) -> None:
    """`StartupError` when a newer program has written to this store: this one would not understand it."""
    stored = versions.get("format", STORED_FORMAT)
    if stored > STORED_FORMAT:
        raise StartupError(
            f"HUB_POSTGRES__DSN: the database has format {stored}, this program knows {STORED_FORMAT}:"
            " a newer version of the hub has set it up; run that one"
        )


async def read_versions(connection: Connection) -> dict[str, int]:
    """The versions of participants and clock."""
    rows = await connection.fetch("select kind, version from configuration_version")
    return {row["kind"]: row["version"] for row in rows}
