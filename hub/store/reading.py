"""The one read of a batch, and the small tables that an engine keeps in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.directory import Directory
from hub.dossier.decision import Sender
from hub.identifiers import is_uuid
from hub.legal_time import LegalClock
from hub.store.database import Connection
from hub.store.packing import texts
from hub.understanding import Understood, Unreadable
from hub.workspace import Answered, StoredDossier, View, alias_of

_READ = """
select kind, text_key, text_id, uuid_key::text as dossier, head, number, parked, state, wrapped, private
from read_batch($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a batch needs to read: ids to look up in the inbox, subjects as aliases or dossier ids."""

    participants: list[str]
    ids: list[str]
    aliases: list[str]
    dossiers: list[str]


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """The view of a batch, and the versions of participants and clock that stood when it was read."""

    view: View
    versions: dict[str, int]


def wanted_of(items: Iterable[Understood | Unreadable]) -> Wanted:
    """What the records of a batch name (pure)."""
    wanted = Wanted([], [], [], [])
    aliases: set[str] = set()
    dossiers: set[str] = set()
    for item in items:
        if isinstance(item, Unreadable):
            continue
        wanted.participants.append(item.sender.name)
        wanted.ids.append(item.envelope.id)
        subject = item.envelope.subject
        if is_uuid(subject):
            dossiers.add(subject)
        else:
            aliases.add(alias_of(subject, item.sender.name))
    wanted.aliases.extend(aliases)
    wanted.dossiers.extend(dossiers)
    return wanted


async def read_batch(connection: Connection, wanted: Wanted) -> ReadBatch:
    """Read without locks; what was used is compared when the batch is written."""
    rows = await connection.fetch(
        _READ, texts(wanted.participants), texts(wanted.ids), texts(wanted.aliases), texts(wanted.dossiers)
    )
    inbox: dict[tuple[str, str], Answered] = {}
    aliases: dict[str, str] = {}
    dossiers: dict[str, StoredDossier] = {}
    versions: dict[str, int] = {}
    for kind, text_key, text_id, dossier, head, number, parked, state, wrapped, private in rows:
        if kind == "inbox":
            inbox[(text_key, text_id)] = Answered(head, state)
        elif kind == "version":
            versions[text_key] = number
        else:
            if kind == "alias":
                aliases[text_key] = dossier
            dossiers[dossier] = StoredDossier(dossier, head, number, parked, state, wrapped, private)
    view = View(inbox, aliases, dossiers)
    return ReadBatch(view, versions)


async def read_directory(connection: Connection) -> Directory:
    """All participants."""
    rows = await connection.fetch("select name, roles, organisations from participant")
    return Directory(
        Sender(row["name"], frozenset(row["roles"]), frozenset(row["organisations"])) for row in rows
    )


async def read_clock(connection: Connection, environment: str) -> LegalClock:
    """The recorded steps of the clock; outside environment `test` there are none."""
    if environment != "test":
        return LegalClock()
    rows = await connection.fetch("select from_time, shift from clock_step")
    return LegalClock((row["from_time"], row["shift"]) for row in rows)


async def read_versions(connection: Connection) -> dict[str, int]:
    """The versions of participants and clock."""
    rows = await connection.fetch("select kind, version from configuration_version")
    return {row["kind"]: row["version"] for row in rows}
