"""While one batch is written the next one is taken and decided, and neither waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.embedded.stack import StackAddress
from hub.engine import pipeline
from hub.engine.intake.consumer import Consumer
from hub.engine.wiring import engine_parts
from hub.engine.write.writing import write_batch
from hub.settings import read_settings
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

REQUESTS, AT_ONCE = 60, 5


def noted(seen: list[str], what: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """As `run`, which is noted where it gives something; a write is noted as it begins."""

    async def note(*given: Any, **named: Any) -> Any:
        if what == "write":
            seen.append(what)
        result = await run(*given, **named)
        if what == "take" and result is not None:
            seen.append(what)
        return result

    return note


async def is_all_answered(hub: Hub) -> bool:
    return bool(await hub.database.fetchval("select count(*) = $1 from inbox", REQUESTS))


async def test_a_write_is_on_its_way_before_the_next_batch_is_taken(
    stack: StackAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(pipeline, "write_batch", noted(seen, "write", write_batch))
    monkeypatch.setattr(Consumer, "take", noted(seen, "take", Consumer.take))
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await asyncio.gather(*(counter.send(SUBMIT, f"ref:{uuid4()}", submission()) for _ in range(REQUESTS)))
        own = {"HUB_ENGINE__INSTANCE": "engine-1", "HUB_ENGINE__MAX_BATCH_RECORDS": str(AT_ONCE)}
        for name, text in (hub.environment | own).items():
            monkeypatch.setenv(name, text)
        async with engine_parts(read_settings(), None) as parts:
            stop = asyncio.Event()
            working = asyncio.create_task(parts.engine.run(stop))
            await eventually(lambda: is_all_answered(hub), 30, "answers to all requests")
            stop.set()
            await working
    assert len(seen) >= 2 * REQUESTS / AT_ONCE
    assert seen == ["take", "write"] * (len(seen) // 2)
