"""What several workers end at once on a real PostgreSQL: one statement, and nobody answers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.delivery.adapter import OutMessage, Report
from hub.delivery.errors import StoreAwayError
from hub.delivery.lease import Lease
from hub.delivery.outcome import Delivered, Unknown
from hub.delivery.outcomes import Outcomes
from hub.delivery.rows import Finished
from hub.delivery.store import DeliveryStore
from tests.support.report_keys import REPORTS_KEY

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
BAD = Delivered({"n": float("inf")})
"""What JSON of PostgreSQL cannot hold."""


class Counted(DeliveryStore):
    """Notes how many each statement of `finish` stores; the first `away` fail when `goes_on` is set."""

    def __init__(self, pool: asyncpg.Pool[Any], *, away: int = 0) -> None:
        super().__init__(pool, "postal", REPORTS_KEY)
        self.sizes: list[int] = []
        self.away = away
        self.goes_on = asyncio.Event()

    async def finish(self, finished: Sequence[Finished]) -> set[str]:
        self.sizes.append(len(finished))
        if self.away:
            self.away -= 1
            await self.goes_on.wait()
            raise StoreAwayError("away")
        return await super().finish(finished)


async def leases(store: DeliveryStore, count: int) -> list[Lease]:
    names = [f"d-{number}" for number in range(count)]
    await store.take([OutMessage(f"m-{name}", "t.v1", name, name, 1, NOW, b"{}") for name in names], (), ())
    return sorted(await store.lease(count, 30.0), key=lambda lease: lease.message.id)


def ended(lease: Lease, outcome: Delivered = Delivered({"n": 1})) -> Finished:  # noqa: B008  frozen
    name = lease.message.dossier
    return Finished(lease, "delivered", outcome, Report(f"r-{name}", "t.v1", name, NOW, b"{}"))


async def stored(store: DeliveryStore) -> set[str]:
    return {waiting.report.id for waiting in await store.reports_to_send(100)}


async def test_what_ends_while_a_statement_is_under_way_goes_with_the_next(pool: asyncpg.Pool[Any]) -> None:
    store = Counted(pool)
    outcomes = Outcomes(store)
    held = await leases(store, 6)
    assert await asyncio.gather(*(outcomes.store(ended(lease)) for lease in held)) == [True] * 6
    assert store.sizes == [1, 5]
    assert await stored(store) == {f"r-d-{number}" for number in range(6)}


async def test_one_that_cannot_be_stored_and_one_whose_lease_is_lost_stop_no_other(
    pool: asyncpg.Pool[Any],
) -> None:
    store = Counted(pool)
    outcomes = Outcomes(store)
    held = await leases(store, 5)
    await store.put_back(held[2], "unknown", 0.0, Unknown("cut"), doubt_begins=True)
    rows = [ended(lease, BAD if number == 3 else Delivered({})) for number, lease in enumerate(held)]
    told = await asyncio.gather(*map(outcomes.store, rows), return_exceptions=True)
    assert [type(answer) if isinstance(answer, Exception) else answer for answer in told] == [
        True, True, False, asyncpg.InvalidTextRepresentationError, True,
    ]  # fmt: skip
    assert await stored(store) == {"r-d-0", "r-d-1", "r-d-4"}


async def test_a_store_that_is_away_is_told_to_each_and_a_cancelled_one_holds_up_nobody(
    pool: asyncpg.Pool[Any],
) -> None:
    store = Counted(pool, away=1)
    outcomes = Outcomes(store)
    held = await leases(store, 4)
    first = asyncio.create_task(outcomes.store(ended(held[0])))
    await asyncio.sleep(0)
    others = [asyncio.create_task(outcomes.store(ended(lease))) for lease in held[1:]]
    await asyncio.sleep(0)
    others[0].cancel()
    store.goes_on.set()
    with pytest.raises(StoreAwayError):
        await first
    assert await asyncio.gather(*others[1:]) == [True, True]
    assert store.sizes == [1, 2]
    assert await outcomes.store(ended(held[0]))
