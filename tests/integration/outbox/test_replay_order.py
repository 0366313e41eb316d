"""A replay goes by the sequence of a dossier's facts, whatever times of receipt the broker has given them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import COMPONENTS, ONE_STOP, SUBMIT, VERIFY, WITHDRAW, submission, verification
from tests.support.waiting import eventually

OUT_OF_ORDER = """
select count(*) from fact f join fact g using (dossier_id) where f.sequence < g.sequence and f.time > g.time
"""


async def shift(hub: Hub, interval: str) -> None:
    """The clock of the facts is set, also back."""
    await hub.database.execute("update clock_step set shift = $1::text::interval", interval)
    await hub.database.execute("update configuration_version set version = version + 1 where kind = 'clock'")


async def test_facts_received_out_of_order_are_replayed_in_the_order_of_their_sequence(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.database.execute("insert into clock_step values (now() - interval '1 day', interval '0')")
        await hub.start_engine()
        dossiers = []
        for number, hours in enumerate((3, 2)):
            reference = f"ref:{number}"
            await shift(hub, f"{hours} hours")
            receipt = await counter.ask(SUBMIT, reference, submission(components=COMPONENTS))
            dossiers.append(receipt.data["dossier"])
            await shift(hub, f"{hours - 2} hours")
            await counter.ask(VERIFY, reference, verification())
            await shift(hub, f"{hours - 1} hours")
            await counter.ask(WITHDRAW, reference, {})
        facts = [m for m in counter.inbox if ".receipt." not in m.type]
        assert await hub.database.fetchval(OUT_OF_ORDER) == 4
        before = len(counter.inbox)
        since = (datetime.now(UTC) + timedelta(minutes=90)).replace(tzinfo=None)

        status, said = await hub_command(
            hub.environment, "replay", "counter-a", "--since", since.isoformat("T", "seconds"), *SURE
        )
        assert status == 0, said
        await eventually(lambda: len(counter.inbox) == before + len(facts), 20, "the replayed messages")
        for dossier in dossiers:
            told = [int(m.headers["ce_sequence"]) for m in counter.inbox[before:] if m.key == dossier]
            assert told == [int(m.headers["ce_sequence"]) for m in facts if m.key == dossier], (
                "from the first on"
            )
