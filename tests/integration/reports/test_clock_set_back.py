"""Reports of a period at whose end the clock of the broker was set back: facts count by their sequence."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from hub.facts.sealing import MasterKey
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.reports.stored import lives
from schemas.dossier import DossierAccepted, DossierSubmitted
from tests.support.dossiers import issued
from tests.support.stored_dossiers import fact_rows

END = datetime(2026, 10, 1, tzinfo=VIETNAM)
SECOND = timedelta(seconds=1)
COLUMNS = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash", "mac")


async def test_a_dossier_that_was_lodged_behind_a_period_is_not_accepted_in_it(store: Connection) -> None:
    master = MasterKey(bytes(range(32)))
    begun = [fact for fact, _, _ in issued().facts if isinstance(fact, DossierSubmitted | DossierAccepted)]
    told = zip(begun, (END + 2 * SECOND, END - SECOND), strict=True)
    rows = list(fact_rows(master, master.new_key(), str(UUID(int=1)), told))
    await store.copy_records_to_table("fact", records=rows, columns=COLUMNS)
    assert [life async for life in lives(store, master.store, END)] == []
    (life,) = [life async for life in lives(store, master.store, END + timedelta(days=1))]
    assert life.channel
    assert life.accepted_at is not None
