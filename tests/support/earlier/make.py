"""Runs a hub, leaves its work half done, and keeps it: `python -m tests.support.earlier.make FOLDER`.

It is run in a checkout of the release that is to be kept; `kept` brings back what it wrote.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.support.broken_engine import BROKEN_ACCOUNT
from tests.support.earlier import kept
from tests.support.hubs import Hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    VERIFY,
    acceptance,
    identity_report,
    verification,
)
from tests.support.stack import own_database, shared_stack
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

_BROKEN = verification() | {"officer_account": BROKEN_ACCOUNT}


async def _work(hub: Hub) -> dict[str, object]:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    population = await hub.join("population", ["population"])
    agency = await hub.join("agency-a", ["agency"], [AGENCY])
    traffic = Traffic(hub, [counter, population, agency])
    engine = hub.engine()
    engine._command = [sys.executable, "-m", "tests.support.broken_engine"]
    engine.start()
    await engine.ready()
    submitted, accepted, forwarded, parked = await traffic.dossiers(counter, 4)
    await traffic.verify(counter, [accepted, forwarded])
    await traffic.answered()
    for dossier in (accepted, forwarded):
        check = await population.fact("identity.check_requested", dossier)
        await traffic.send(population, REPORT_IDENTITY, dossier, identity_report(check.data["check"]))
        await counter.fact("identity.matched", dossier)
        await traffic.send(counter, ACCEPT, dossier, acceptance())
        await counter.fact("dossier.accepted", dossier)
    await traffic.send(counter, FORWARD, forwarded, {"officer": OFFICER, "to": AGENCY})
    await traffic.answered()
    await traffic.send(counter, VERIFY, parked, _BROKEN)
    for _ in range(3):
        await traffic.send(counter, VERIFY, parked, verification())
    await eventually(lambda: _count(hub, "parked_request", 4), 20, "the parked requests", engine.output)
    assert await engine.stop() == 0
    engine = hub.engine("engine-2")
    engine.start(HUB_CRASH_AT="before_publish")
    await engine.ready()
    await traffic.verify(counter, [submitted, accepted])
    await engine.ended()
    await traffic.verify(counter, [submitted, accepted], 2)  # lies in the topics, and nobody has read it
    assert await hub.database.fetchval("select count(*) from segment") > 0
    return {
        "submitted": submitted, "accepted": accepted, "forwarded": forwarded, "parked": parked,
        "partitions": hub.partitions,
        "unanswered": sorted(event_id for _, event_id in traffic.unanswered()),
        "sent": sorted(event_id for _, event_id in traffic.sent),
    }  # fmt: skip


async def _count(hub: Hub, table: str, wanted: int) -> bool:
    return bool(await hub.database.fetchval(f"select count(*) = {wanted} from {table}"))  # noqa: S608  ours


async def _make(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for address in shared_stack():
        async with own_database(address) as dsn:
            hub = Hub(address, dsn, folder, 2, "live")
            hub.prefix = kept.PREFIX
            await hub.open()
            try:
                files[kept.SUMMARY] = json.dumps(await _work(hub), indent=1).encode() + b"\n"
                files[kept.DUMP] = await kept.dump(dsn)
                names = await asyncio.to_thread(hub.admin.topic_names)
                ours = [name for name in names if name.startswith(hub.prefix)]
                files[kept.TOPICS] = await kept.keep_topics(address, ours)
            finally:
                await hub.close()
    return files


def main(target: Path) -> None:
    """Write the four files."""
    with tempfile.TemporaryDirectory() as own:
        files = asyncio.run(_make(Path(own)))
        files[kept.KEY] = (Path(own) / "master.key").read_bytes()
    for name, content in files.items():
        (target / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
