"""Requests that wait for the store of documents go on when it answers again."""

from __future__ import annotations

import asyncio

from hub.engine.decide.prefetch_copies import CopyPrefetch
from hub.postgres.database import Session
from hub.postgres.numbers import next_free

_LOOK_S = 1.0
_AGAIN = """
with waiting as (
    select distinct dossier_id from parked_request where reason = 'documents.away' limit 200
), again as (
    update redrive r set done_at = null, outcome = null from waiting w
    where r.dossier_id = w.dossier_id and r.operator = 'hub' and r.done_at < now() - interval '30 seconds'
)
insert into redrive (dossier_id, operator, reason)
select w.dossier_id, 'hub', 'documents.away' from waiting w
where not exists (
    select from redrive r where r.dossier_id = w.dossier_id and (r.operator = 'hub' or r.done_at is null)
)
"""
"""One row of the hub's own per dossier: a document that is lost is looked for twice a minute, for ever."""


class WaitingCopies:
    """A side task of the engine: asks the store while it is away, and orders the redrive when it is not."""

    def __init__(self, shelf: CopyPrefetch, session: Session) -> None:
        self._shelf = shelf
        self._session = session

    async def step(self) -> None:
        """Rest, then look; raises what is `AWAY`."""
        await asyncio.sleep(_LOOK_S)
        await self._shelf.ask()
        if not self._shelf.is_away:
            await next_free(lambda: self._session.execute(_AGAIN))
