"""The register of a one-stop out of the store, dossier by dossier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from itertools import groupby

from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS
from hub.forms.register import REGISTERED, RegisterRow, register_row
from hub.forms.stored import CaseFiles
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM

_ACCEPTED = """
select f.dossier_id from fact f
where f.type = 'onestop.dossier.accepted.v1' and f.time >= $1 and f.time < $2
  and coalesce(json_of(f.bytes) -> 'data' ->> 'organisation', $3) = $3
order by f.time, f.dossier_id
"""
_FACTS = f"""
select {FACT_COLUMNS}, k.wrapped from fact f left join dossier_key k on k.dossier_id = f.dossier_id
where f.dossier_id = any($1) and f.type = any($2) order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_TYPES = [f"onestop.{name}.v1" for name in REGISTERED]
_AT_ONCE = 500


async def register_rows(
    connection: Connection, master: MasterKey, cases: CaseFiles, one_stop: str, first: date, last: date
) -> AsyncIterator[RegisterRow]:
    """A row for each dossier that the one-stop accepted on these days of Viet Nam, in that order.

    Raises `AlteredRowError` for a fact that is not what the hub has written, and `FormError`.
    """
    begin, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        found = await connection.cursor(_ACCEPTED, begin, end, one_stop)
        while ids := [row["dossier_id"] for row in await found.fetch(_AT_ONCE)]:
            facts = await connection.fetch(_FACTS, ids, _TYPES)
            of_dossier = {key: list(rows) for key, rows in groupby(facts, lambda row: row["dossier"])}
            for dossier in ids:
                rows = of_dossier[str(dossier)]
                wrapped = rows[0]["wrapped"]
                case, _, form_set = cases.opened(rows, wrapped, master)
                yield register_row(case, form_set, is_erased=wrapped is None)
