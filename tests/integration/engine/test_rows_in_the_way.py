"""A row that somebody wrote into the database where the hub has to add one holds up its sender only."""

from __future__ import annotations

from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, SUBMIT, VERIFY, submission, verification
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

_FACT = """
insert into fact select dossier_id, sequence + 1, gen_random_uuid(), type, time, bytes, hash, mac
from fact where dossier_id = $1
"""
_ALIAS = "insert into alias (alias, dossier_id, mac) values ('ref:counter-b:NEW', gen_random_uuid(), '\\x00')"


async def test_a_row_that_stands_in_the_way_of_a_new_one_ends_no_engine_and_holds_its_sender_until_it_is_gone(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        names = ("counter-a", "counter-b", "counter-c")
        of_fact, of_alias, other = [await hub.join(name, ["counter"], [ONE_STOP]) for name in names]
        traffic = Traffic(hub, [of_fact, of_alias, other])
        engine = await hub.start_engine()
        (dossier,) = await traffic.dossiers(of_fact, 1)
        await hub.database.execute(_FACT, dossier)
        await hub.database.execute(_ALIAS)
        await traffic.send(of_fact, VERIFY, dossier, verification())
        await traffic.send(of_alias, SUBMIT, "ref:NEW", submission())
        await eventually(
            lambda: len({str(line["row"]).split()[0] for line in engine.actions("row_untrusted")}) == 2,
            60, "both rows to be named", engine.output,
        )  # fmt: skip
        for _ in range(3):
            await traffic.submit(other)
        await eventually(lambda: len(traffic.unanswered()) == 2, 60, "the other counter", traffic.evidence)
        await hub.database.execute("delete from fact where dossier_id = $1 and sequence = 2", dossier)
        await hub.database.execute("delete from alias where alias = 'ref:counter-b:NEW'")
        await traffic.check()
        assert engine.exit_status is None
