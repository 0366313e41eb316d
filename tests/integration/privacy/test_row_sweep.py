"""`hub verify` names each altered row, and nothing on a store that only the hub has written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import (
    ACCEPT,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    WITHDRAW,
    acceptance,
    identity_report,
    submission,
    verification,
)

pytestmark = pytest.mark.long

BY = ("--operator", "operator-1", "--reason", "a court's order", "--yes")
CLEAN = (
    "0 rows are not what the hub has written; read: 3 dossier, 7 fact, 8 inbox, 4 alias, 0 segment,"
    " 0 blocked_message, 2 participant, 0 http_participant, 0 former_participant, 0 http_credential,"
    " 0 webhook, 0 gateway_address, 0 document_owner, 0 delivery_report, 0 register_edition"
)
ALTERATIONS = {
    "update fact set type = 'x' where dossier_id = $1 and sequence = 1": "fact {} 1: the row does not fit",
    "update fact set bytes = bytes || ' ' where dossier_id = $1 and sequence = 2": "fact {} 2: the row",
    "update fact set mac = null where dossier_id = $1 and sequence = 2": "fact {} 2: the row does not fit",
    "update dossier set state = '{}' where id = $1": "dossier {}: the row does not fit its check",
    "delete from fact where dossier_id = $1 and sequence = 2": "fact {} 3: it does not follow the fact",
    "delete from fact where dossier_id = $1 and sequence = 4": "dossier {}: its last fact is not the one",
    "delete from dossier where id = $1": "fact {} 1: there is no such dossier",
    "update dossier set parked = 1 where id = $1": "dossier {}: 0 requests are parked, it says 1",
    "update timer set due_at = due_at + interval '1 day' where dossier_id = $1": "dossier {}: its timers are",
    "delete from timer where dossier_id = $1": "dossier {}: its timers are not those of its state",
    "update inbox set receipt = '' where id = 'accept' and dossier_id = $1": "inbox counter-a accept: the",
    "update inbox set digest = substring(digest for 31), receipt = substring(digest from 32) || receipt"
    " where id = 'accept' and dossier_id = $1": "inbox counter-a accept: the",
    "update alias set dossier_id = gen_random_uuid() where dossier_id = $1": "alias of dossier ",
    "insert into erasure values ($1, 'o', 'r')": "erasure {}: its dossier does not say so",
    "delete from erasure where $1::uuid is not null": "erasure ",
    "delete from inbox where id = 'accept' and dossier_id = $1": "inbox counter-a accept: it is missing",
    "delete from alias where dossier_id = $1 and alias like 'code:%'": "dossier {}: that of its code",
    "delete from alias where dossier_id = $1 and alias like 'ref:%'": "alias of dossier {}: that of its ref",
    "update intake_offset set next = next - 1 where $1::uuid is not null": "intake_offset ",
}


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path) as running:
        yield running


async def lived(hub: Hub, counter: Client) -> str:
    """An accepted, a withdrawn and an erased dossier; the accepted one."""
    population = await hub.join("population", ["population"])
    engine = await hub.start_engine()
    receipt = await counter.ask(SUBMIT, "ref:1", submission(channel="online"))
    await counter.ask(VERIFY, "ref:1", verification())
    asked = await population.fact("identity.check_requested")
    report = identity_report(asked.data["check"])
    await population.ask(REPORT_IDENTITY, asked.headers["ce_subject"], report)
    await counter.ask(ACCEPT, "ref:1", acceptance(), event_id="accept")
    for reference in ("ref:2", "ref:3"):
        gone = await counter.ask(SUBMIT, reference, submission())
    await counter.ask(WITHDRAW, "ref:2", {})
    assert await engine.stop() == 0
    status, said = await hub_command(hub.environment, "erase", str(gone.data["dossier"]), *BY)
    assert status == 0, said
    await hub.start_engine()
    assert (await counter.ask(WITHDRAW, "ref:3", {})).data["code"] == "dossier.erased"
    await hub.processes[0].stop()
    return str(receipt.data["dossier"])


async def test_every_alteration_is_named_by_its_row_and_without_one_nothing_is(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    dossier = await lived(hub, counter)
    status, said = await hub_command(hub.environment, "verify")
    assert (status, said.strip()) == (0, CLEAN)
    await hub.database.execute("alter table inbox drop constraint inbox_sizes")
    for statement, expected in ALTERATIONS.items():
        await hub.database.execute("create schema kept")
        for table in ("fact", "dossier", "timer", "inbox", "alias", "intake_offset", "erasure"):
            await hub.database.execute(f"create table kept.{table} as table {table}")
        assert not (await hub.database.execute(statement, dossier)).endswith(" 0"), statement
        status, said = await hub_command(hub.environment, "verify")
        assert status == 1, statement
        assert expected.format(dossier) in said, (statement, said)
        for table in ("fact", "dossier", "timer", "inbox", "alias", "intake_offset", "erasure"):
            await hub.database.execute(f"truncate {table}")
            await hub.database.execute(f"insert into {table} table kept.{table}")
        await hub.database.execute("drop schema kept cascade")
    assert (await hub_command(hub.environment, "verify"))[0] == 0
