"""Reads what a case file needs of the store for one who was told of the dossier, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.explaining.entries import of_fact
from hub.explaining.limits import START_FACTS
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS

PAGE = 200
"""Facts of a page: a dossier has no end of them."""
TOLD = f"""
select {FACT_COLUMNS} from fact f
where f.dossier_id = $1::uuid and f.sequence > $3 and coalesce((json_of(f.bytes) -> 'to') ? $2, true)
order by f.sequence limit {PAGE + 1}
"""  # noqa: S608  our text
"""What is no JSON says nobody: it is shown as altered."""
STARTED = f"""
select {FACT_COLUMNS} from fact f where f.dossier_id = $1::uuid and f.type = any($2::text[])
order by f.sequence desc limit 500
"""  # noqa: S608  our text
Fetch = Callable[..., Awaitable[Sequence[asyncpg.Record]]]


@dataclass(frozen=True, slots=True)
class ToldPage:
    """Entries of the facts that were told, those that started clocks, and where the next page begins."""

    entries: list[dict[str, Any]]
    history: list[dict[str, Any]]
    next_after: int | None


async def read_page(fetch: Fetch, key: StoreKey, dossier_id: str, participant: str, after: int) -> ToldPage:
    """The facts with a number above `after` that this participant was told, `PAGE` at most."""
    told = await fetch(TOLD, dossier_id, participant, after)
    started = await fetch(STARTED, dossier_id, list(START_FACTS))
    entries = [of_fact(row, key) for row in told[:PAGE]]
    history = [of_fact(row, key) for row in reversed(started)]
    return ToldPage(entries, history, told[PAGE - 1]["sequence"] if len(told) > PAGE else None)
