"""Records made to be dear to read cost the engine no more than ordinary ones, and nobody waits for them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import uuid4

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, submission

RECORDS = 60
CROWDED = b'{"components":[' + b"{}," * 70_000 + b"{}]}"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def worked_s(process: HubProcess) -> float:
    """Processor time of the process so far, in seconds: load of the machine does not count."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


async def test_records_of_many_values_cost_like_ordinary_ones_and_others_are_served(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        attacker = await hub.join("counter-a", ["counter"], [ONE_STOP])
        other = await hub.join("counter-b", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()
        begun_s = worked_s(engine)
        for _ in range(RECORDS):
            receipt = await other.ask(SUBMIT, f"ref:{uuid4()}", submission())
            assert receipt.type == "onestop.receipt.accepted.v1", receipt.data
        ordinary_s = worked_s(engine) - begun_s

        begun_s = worked_s(engine)
        sent_ids = await asyncio.gather(
            *(attacker.send(SUBMIT, f"ref:{uuid4()}", CROWDED) for _ in range(RECORDS))
        )
        served = await other.ask(SUBMIT, f"ref:{uuid4()}", submission())
        assert served.type == "onestop.receipt.accepted.v1"
        for event_id in sent_ids:
            refused = await attacker.receipt(event_id, limit_s=120)
            assert refused.data["code"] == "schema.too_many_values"
        assert worked_s(engine) - begun_s < 10 * ordinary_s, engine.output()
