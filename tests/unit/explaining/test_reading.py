"""Pages of facts that were told: 200 at a time, and where the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hub.explaining import reading
from hub.facts.integrity import StoreKey


def rows(count: int) -> Sequence[dict[str, Any]]:
    return [{"sequence": number} for number in range(1, count + 1)]


@pytest.mark.parametrize(("told", "shown", "next_after"), [(3, 3, None), (200, 200, None), (201, 200, 200)])
async def test_a_page_says_where_the_next_begins(
    told: int, shown: int, next_after: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "of_fact", lambda row, _key: row)

    async def fetch(statement: str, *_: Any) -> Sequence[dict[str, Any]]:
        return rows(told) if statement == reading.TOLD else []

    page = await reading.read_page(fetch, StoreKey(bytes(32)), "d", "counter-a", 0)  # type: ignore[arg-type]  # rows
    assert (len(page.entries), page.next_after) == (shown, next_after)
    assert page.history == []
