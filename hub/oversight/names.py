"""A dossier by whatever name an operator has: id, the beginning of one, official code, reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from hub.errors import AlteredRowError, HubError
from hub.facts.integrity import StoreKey
from hub.identifiers import is_uuid
from hub.inbound.directory import HUB
from hub.postgres.database import Connection

_BY_ALIAS = """
select alias, dossier_id::text as dossier, mac from alias where alias = any($1::text[]) order by alias
"""
_IS_THERE = "select exists (select from dossier where id = $1::uuid)"
_BEGIN_SO = """
select id::text as dossier from dossier where id between $1::uuid and $2::uuid order by id limit 20
"""
_NAMES = "select name from participant union select name from former_participant"
_BEGINNING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f-]{0,27})?", re.ASCII)


class DossierNotFoundError(HubError):
    """No dossier, or more than one, is meant by a name."""

    code = "oversight.dossier_not_found"


async def one_dossier(connection: Connection, key: StoreKey, name: str) -> str:
    """The id of the one dossier that is meant; `DossierNotFoundError` for none and for several."""
    found = await dossiers_named(connection, key, name)
    if not found:
        raise DossierNotFoundError(f"no dossier {name}: hub dossier find lists the newest")
    if len(found) > 1:
        raise DossierNotFoundError(f"{name} is {len(found)} dossiers: {', '.join(found)}")
    return found[0]


async def dossiers_named(connection: Connection, key: StoreKey, name: str) -> list[str]:
    """Ids of the dossiers that this names, 20 at most; `AlteredRowError` for an alias that was altered.

    A reference (`ref:HS-0001`, or without `ref:`) is looked for with every participant and the hub,
    `ref:NAME:HS-0001` with one.
    """
    text = name.strip()
    if "\x00" in text or not text:
        return []
    as_id = _as_uuid(text)
    if as_id is not None:
        return [as_id] if await connection.fetchval(_IS_THERE, as_id) else []
    rows = await connection.fetch(_BY_ALIAS, await _aliases(connection, text))
    for row in rows:
        if key.alias(row["alias"], row["dossier"]) != row["mac"]:
            raise AlteredRowError(f"alias of dossier {row['dossier']}")
    if not rows and _BEGINNING.fullmatch(text.lower()):
        return [row["dossier"] for row in await connection.fetch(_BEGIN_SO, *_range(text.lower()))]
    return list(dict.fromkeys(row["dossier"] for row in rows))


async def _aliases(connection: Connection, text: str) -> Sequence[str]:
    reference = text.removeprefix("ref:")
    names = [HUB.name, *(row["name"] for row in await connection.fetch(_NAMES))]
    return [f"code:{text}", f"ref:{reference}", *(f"ref:{one}:{reference}" for one in names)]


def _as_uuid(text: str) -> str | None:
    if is_uuid(text.lower()):
        return text.lower()
    try:
        return str(UUID(text)) if len(text) >= 32 else None
    except ValueError:
        return None


def _range(beginning: str) -> tuple[str, str]:
    digits = beginning.replace("-", "")
    return str(UUID(digits.ljust(32, "0"))), str(UUID(digits.ljust(32, "f")))
