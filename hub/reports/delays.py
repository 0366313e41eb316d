"""Why dossiers are late in the agency's own words: what its last Form 04 says (17.9), for the head (7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import open_fact
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.postgres.database import Connection

_APOLOGIES = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.dossier_id = any($1::uuid[]) and f.type = 'onestop.apology.sent.v1' order by f.dossier_id, f.sequence
"""  # noqa: S608  our text


async def delay_reasons(connection: Connection, master: MasterKey, dossiers: Sequence[str]) -> dict[str, str]:
    """By dossier, of those that have a Form 04; of an erased one nothing. Raises `AlteredRowError`."""
    found: dict[str, str] = {}
    try:
        for row in await connection.fetch(_APOLOGIES, dossiers):
            if not is_fact_genuine(row, master.store):
                raise AlteredRowError(fact_name(row))
            if row["wrapped"] is None:
                continue
            found[row["dossier"]] = open_fact(row["bytes"], master.unwrap(row["wrapped"]))["data"]["reason"]
    finally:
        master.forget()
    return found
