"""Who takes part is what the hub has written: a row of another hand lets nobody in and harms no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from hub.participants import registry as participants
from hub.participants.registry import Participant
from tests.integration.cli.test_setup import administrator
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

MOVED = "update configuration_version set version = version + 1 where kind = 'participants'"
OTHER_ONE_STOP = "000.12.36.H07"
EARLIER = """
alter table participant drop column mac;
alter table http_participant drop column mac;
alter table former_participant drop column mac;
alter table http_credential drop column mac;
alter table webhook drop column mac;
alter table gateway_address drop column mac;
delete from migration where name = '0026_checks_of_participants.sql';
"""


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1) as running:
        yield running


async def named(engine: HubProcess, row: str) -> None:
    await eventually(
        lambda: any(line.get("row") == row for line in engine.actions("row_untrusted")),
        30, row, engine.output,
    )  # fmt: skip


async def written(hub: Hub, statement: str, *arguments: object) -> None:
    """By who has the database alone."""
    assert not (await hub.database.execute(statement, *arguments)).endswith(" 0"), statement
    await hub.database.execute(MOVED)


@pytest.mark.parametrize(
    "statement",
    [
        "update participant set organisations = array[$1] where name = 'counter-a'",
        "update participant set roles = '{counter,agency}' where name = 'counter-a' and $1 <> ''",
        "update participant set mac = null where name = 'counter-a' and $1 <> ''",
    ],
)
async def test_who_was_given_another_part_in_the_database_waits_and_others_go_on(
    hub: Hub, statement: str
) -> None:
    altered = await hub.join("counter-a", ["counter"], [ONE_STOP])
    other = await hub.join("counter-b", ["counter"], [OTHER_ONE_STOP])
    engine = await hub.start_engine()
    dossier = str((await altered.ask(SUBMIT, "ref:1", submission())).data["dossier"])
    kept = await hub.database.fetchrow("select roles, organisations, mac from participant order by name")
    await written(hub, statement, OTHER_ONE_STOP)
    await named(engine, "participant counter-a")

    waiting = await altered.send(WITHDRAW, dossier, {})
    receipt = await other.ask(SUBMIT, "ref:1", submission(organisation=OTHER_ONE_STOP))
    assert receipt.data["facts"]
    assert not altered.receipts(waiting)
    status, said = await hub_command(hub.environment, "verify")
    assert (status, "participant counter-a: the row does not fit its check" in said) == (1, True), said
    assert "participant counter-a" in (await hub_command(administrator(hub), "doctor"))[1]
    with pytest.raises(StartupError, match="participant counter-a is not what the hub has written"):
        await participants.rotate(hub.admin, hub.database, hub.store_key, "counter-a")

    assert kept is not None
    restored = "update participant set roles = $1, organisations = $2, mac = $3 where name = 'counter-a'"
    await written(hub, restored, *kept)
    assert (await altered.receipt(waiting)).data["facts"], "decided as the hub itself had written it"
    assert (await hub_command(hub.environment, "verify"))[0] == 0


async def test_a_row_of_a_participant_that_nobody_added_gets_no_fact_and_no_topic_right(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    await written(hub, "insert into participant values ('spy', '{counter,agency}', array[$1], 1)", ONE_STOP)
    await hub.database.execute("insert into http_participant (name) values ('spy')")
    await hub.database.execute(MOVED)
    await named(engine, "participant spy")
    dossier = (await counter.ask(SUBMIT, "ref:1", submission())).data["dossier"]
    told = "select convert_from(bytes, 'UTF8')::jsonb -> 'to' from fact where dossier_id = $1"
    assert "spy" not in await hub.database.fetchval(told, dossier)
    await participants.set_up_gateway(hub.admin, hub.database, hub.store_key)
    rights = hub.admin.rights_of(f"{hub.prefix}hub.gateway")
    assert not [right for right in rights if right.name.endswith(".spy")]
    await participants.remove(hub.admin, hub.database, hub.store_key, "spy")
    assert (await hub_command(hub.environment, "verify"))[0] == 1, "nobody gets the name"


async def test_who_lost_its_row_of_the_gateway_leaves_no_right_to_the_gateway(hub: Hub) -> None:
    await participants.set_up_gateway(hub.admin, hub.database, hub.store_key)
    over_https = Participant("counter-h", ("counter",), (ONE_STOP,), 1, is_http=True)
    await participants.add(hub.admin, hub.database, hub.store_key, over_https)
    await written(hub, "delete from http_participant where name = $1", "counter-h")
    await participants.remove(hub.admin, hub.database, hub.store_key, "counter-h")
    gateway = f"{hub.prefix}hub.gateway"

    def has_none() -> bool:
        return not any(right.name.endswith(".counter-h") for right in hub.admin.rights_of(gateway))

    await eventually(has_none, 20, "the end of the gateway's rights")


async def test_a_name_goes_to_nobody_by_an_altered_row_of_who_had_it(hub: Hub) -> None:
    await hub.register("leaving", ["counter"], [ONE_STOP])
    await participants.remove(hub.admin, hub.database, hub.store_key, "leaving")
    await written(hub, "update former_participant set organisations = array[$1]", OTHER_ONE_STOP)
    newcomer = Participant("leaving", ("counter",), (OTHER_ONE_STOP,), 1)
    with pytest.raises(StartupError, match="not what the hub has written"):
        await participants.add(hub.admin, hub.database, hub.store_key, newcomer)


async def test_rows_of_an_earlier_version_are_sealed_once_and_told(hub: Hub) -> None:
    await hub.join("counter-a", ["counter"], [ONE_STOP])
    over_https = Participant("counter-h", ("counter",), (ONE_STOP,), 1, is_http=True)
    await participants.add(hub.admin, hub.database, hub.store_key, over_https)
    await participants.rotate(hub.admin, hub.database, hub.store_key, "counter-h")
    await hub.database.execute(EARLIER)
    words = ("setup", "--user", hub.user)
    status, said = await hub_command(administrator(hub), *words)
    assert status == 0, said
    assert "sealed 2 rows of participant as they were" in said
    assert "sealed 2 rows of http_credential as they were" in said
    assert (await hub_command(hub.environment, "verify"))[0] == 0

    await written(hub, "insert into participant values ('late', '{counter}', array[$1], 1)", ONE_STOP)
    status, said = await hub_command(administrator(hub), *words)
    assert (status, "sealed" in said) == (0, False), said
    assert "participant late" in (await hub_command(hub.environment, "verify"))[1]
