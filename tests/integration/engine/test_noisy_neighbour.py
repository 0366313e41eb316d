"""An import of one participant does not stand before the single request of another."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic

pytestmark = pytest.mark.long

IMPORTED = 4000


async def test_a_request_is_answered_while_an_import_of_another_is_still_worked_off(
    stack: StackAddress, tmp_path: Path
) -> None:
    """Counted, not timed: of what was sent before it, at least half is still without an answer."""
    async with own_hub(stack, tmp_path) as hub:
        importer = await hub.join("counter-a", ["counter"], [ONE_STOP])
        other = await hub.join("counter-b", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [importer, other])
        await asyncio.gather(*(traffic.submit(importer) for _ in range(IMPORTED)))
        event_id = await traffic.submit(other)
        engine = await hub.start_engine()
        await other.receipt(event_id)
        assert len(traffic.unanswered()) > IMPORTED / 2, engine.output()
        await traffic.answered(120)
        await traffic.check()
