"""What delivery runtime and adapters hold of erased dossiers: ended and emptied; rows of the runtime stay.

So repeats are known. Tables of adapters are emptied as their declarations say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.delivery.declaration import declarations
from hub.delivery.outcome import Rejected
from hub.delivery.stored_outcome import outcome_text
from hub.dossier.texts import refusal_texts
from hub.postgres.adapter_tables import owners_of_tables
from hub.postgres.database import Connection

PAGE = 500
"""Dossiers at a time: an index is used for so few, however many were erased."""
# Provably without effect: an erased person's data are not sent out any more. Doubtful ones are asked about.
END_UNSENT = """
with ended as (
    update delivery d
    set state = 'rejected', outcome = $2::jsonb, ended_at = now(), lease_token = null, decision = null
    where d.dossier = any($1::text[]) and d.state = 'pending' and not d.is_doubtful
    returning 1
)
select count(*) from ended
"""
# An answer can hold what the counterpart told of the person, and a reason what it wrote.
EMPTY = """
with emptied as (
    update delivery d set data = '', outcome = case d.outcome ->> 'kind'
        when 'delivered' then '{"kind": "delivered", "answer": {}}'::jsonb
        when 'rejected' then d.outcome || '{"reason_vi": "", "reason_en": ""}'::jsonb
        else d.outcome || '{"why": ""}'::jsonb end
    where d.dossier = any($1::text[]) and d.ended_at is not null and not d.is_report_due and d.data <> ''
      and not exists (
          select from delivery_report r
          where r.adapter = d.adapter and r.id = d.report_id and r.state <> 'confirmed'
      )
    returning d.adapter, d.report_id
), reports as (
    update delivery_report r set data = '' from emptied e
    where r.adapter = e.adapter and r.id = e.report_id
)
select count(*) from emptied
"""
# Reports that no delivery caused (tracking, lodgings) name the dossier by id, code or own reference.
EMPTY_REPORTS = """
with gone as (
    select dossier_id from unnest($1::uuid[]) dossier_id
), subject as (
    select null as adapter, dossier_id::text as name from gone
    union all
    select null, substr(a.alias, 6) from alias a join gone using (dossier_id) where a.alias like 'code:%'
    union all
    select split_part(a.alias, ':', 2), 'ref:' || substr(a.alias, length(split_part(a.alias, ':', 2)) + 6)
    from alias a join gone using (dossier_id) where a.alias like 'ref:%'
), emptied as (
    update delivery_report r set data = '' from subject s
    where r.subject = s.name and (s.adapter is null or s.adapter = r.adapter)
      and r.state = 'confirmed' and r.data <> ''
      and not exists (
          select from delivery d where d.adapter = r.adapter and d.report_id = r.id and d.data <> ''
      )
    returning 1
)
select count(*) from emptied
"""
POISON = "delete from delivery_poison where key = any($1::bytea[])"
OPEN = "select count(*) from delivery where dossier = any($1::text[]) and data <> ''"


@dataclass(frozen=True, slots=True)
class EmptiedDeliveries:
    """How many deliveries were ended before they were sent, and emptied; `open`: still to be emptied."""

    unsent: int = 0
    emptied: int = 0
    open: int = 0

    def plus(self, more: EmptiedDeliveries) -> EmptiedDeliveries:
        """Both together."""
        return EmptiedDeliveries(
            self.unsent + more.unsent, self.emptied + more.emptied, self.open + more.open
        )


async def empty_deliveries(connection: Connection, gone: Sequence[str]) -> EmptiedDeliveries:
    """End what was not sent and empty what is over of these erased dossiers. Idempotent.

    What a counterpart may have taken and has not answered for stays until that is known: it is counted
    as open, and the first sweep after its end empties it.
    """
    everything = EmptiedDeliveries()
    for start in range(0, len(gone), PAGE):
        everything = everything.plus(await _empty(connection, gone[start : start + PAGE]))
    return everything


async def _empty(connection: Connection, gone: Sequence[str]) -> EmptiedDeliveries:
    texts = refusal_texts("dossier.erased")
    outcome = outcome_text(Rejected("dossier.erased", texts.vi, texts.en))
    unsent = await connection.fetchval(END_UNSENT, gone, outcome)
    emptied = await connection.fetchval(EMPTY, gone)
    await connection.fetchval(EMPTY_REPORTS, gone)
    await connection.execute(POISON, [dossier.encode() for dossier in gone])
    await _empty_adapter_tables(connection, gone)
    return EmptiedDeliveries(unsent, emptied, await connection.fetchval(OPEN, gone))


async def _empty_adapter_tables(connection: Connection, gone: Sequence[str]) -> None:
    known = declarations()
    for name in await owners_of_tables(connection):
        erase = known[name].erase if name in known else None
        if erase is not None:
            await erase(connection, gone)
