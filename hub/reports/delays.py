"""Why dossiers are late in the agency's own words: what its last Form 04 says (17.9), for the head (7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import AlteredRowError
from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, is_fact_genuine
from hub.postgres.database import Connection
from hub.reports.life import SealedFact
from hub.reports.sealed import opened_data

_APOLOGIES = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.dossier_id = any($1::uuid[]) and f.type = 'onestop.apology.sent.v1' order by f.dossier_id, f.sequence
"""  # noqa: S608  our text


async def delay_reasons(connection: Connection, master: MasterKey, dossiers: Sequence[str]) -> dict[str, str]:
    """By dossier, of those that have a Form 04; of an erased one nothing. Raises `AlteredRowError`."""
    found: dict[str, str] = {}
    for row in await connection.fetch(_APOLOGIES, dossiers):
        if not is_fact_genuine(row, master.store):
            raise AlteredRowError(fact_name(row))
        if row["wrapped"] is None:
            continue
        fact = SealedFact(row["bytes"], row["wrapped"])
        found[row["dossier"]] = opened_data(row["dossier"], fact, master)["reason"]
    return found
