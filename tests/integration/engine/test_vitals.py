"""What the probes say is a metric, and a process that stays stuck ends itself, blocked or not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hub.embedded.stack import StackAddress
from hub.http.metrics import HttpMetrics
from hub.process.vitals import LIVE, READY, Vitals
from tests.support.breakable import breakable_hub
from tests.support.stack import REPOSITORY
from tests.support.traffic import metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

_PROCESS = """
import asyncio, sys, time
from prometheus_client import CollectorRegistry
from hub.http.metrics import HttpMetrics
from hub.process.vitals import LIVE, Vitals

async def alive():
    return "stuck" if sys.argv[1] == "dead" else None

async def main():
    vitals = Vitals({LIVE: alive}, HttpMetrics(CollectorRegistry()), 0.3, every_s=0.05)
    looking = asyncio.create_task(vitals.run())
    await asyncio.sleep(0.2 if sys.argv[1] == "blocked" else 1)
    if sys.argv[1] == "blocked":
        time.sleep(60)
    looking.cancel()

asyncio.run(main())
"""


@pytest.mark.parametrize(("state", "status"), [("dead", 1), ("blocked", 1), ("well", 0)])
def test_a_process_without_life_ends_itself_and_one_that_is_well_does_not(state: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS, state], cwd=REPOSITORY, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert ('"action":"process_stuck"' in done.stderr) == (status == 1)


async def test_a_probe_tells_for_how_long_it_has_said_no() -> None:
    registry, answers = CollectorRegistry(), {LIVE: None, READY: "away"}

    async def ready() -> str | None:
        return answers[READY]

    async def alive() -> str | None:
        return answers[LIVE]

    def failing(probe: str) -> float:
        return registry.get_sample_value("hub_probe_failing_seconds", {"probe": probe}) or 0.0

    looking = asyncio.create_task(
        Vitals({LIVE: alive, READY: ready}, HttpMetrics(registry), None, every_s=0.02).run()
    )
    try:
        await eventually(lambda: failing(READY) > 0.05, 5, "the probe to tell")
        assert failing(LIVE) == 0
        answers[READY] = None
        await eventually(lambda: failing(READY) == 0, 5, "the probe to be well again")
    finally:
        looking.cancel()


async def test_an_engine_tells_that_it_is_not_ready_while_its_table_is_locked(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    _, address = own_stack
    async with breakable_hub(address, tmp_path) as hub:
        engine = await hub.start_engine()

        async def failing() -> bool:
            return await metric(engine, "hub_probe_failing_seconds", probe="readyz") > 0

        async def well() -> bool:
            return not await failing()

        assert await metric(engine, "hub_process_start_timestamp_seconds") > 0
        async with hub.database.transaction():
            await hub.database.execute("lock table engine in access exclusive mode")
            await eventually(failing, 30, "the engine to say so", engine.output)
        await eventually(well, 20, "the engine to be well again", engine.output)
