"""A row that somebody wrote into the database where the hub has to add one holds up its sender only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.kafka.admin import Grant
from hub.postgres.operator_actions import record_action
from schemas.receipt import RECEIPT_ACCEPTED
from tests.integration.engine.test_clockwork_firing import lodge
from tests.support.hubs import own_hub
from tests.support.requests import (
    ACCEPT,
    CHECK,
    ONE_STOP,
    SUBMIT,
    VERIFY,
    acceptance,
    hand_check,
    submission,
    verification,
)
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

_FACT = """
insert into fact select dossier_id, sequence + 1, gen_random_uuid(), type, time, bytes, hash, mac
from fact where dossier_id = $1
"""
_ALIAS = "insert into alias (alias, dossier_id, mac) values ('ref:counter-b:NEW', gen_random_uuid(), '\\x00')"

_AHEAD = (
    """insert into segment (id, shard, payload, mac) overriding system value
    select (select last_value from segment_id_seq) + n, 99, '', '' from generate_series(1, 8) n""",
    """insert into dead_letter (id, topic, partition, at_offset, received_at, reason, record)
    overriding system value select n, 'other', 0, n, now(), 'other', '' from generate_series(1, 8) n""",
    """insert into parked_request (position, dossier_id, participant, request_id, reason, record)
    overriding system value
    select n, gen_random_uuid(), 'other', n::text, 'other', '' from generate_series(1, 8) n""",
)
_FIRED = """
update timer set fires = 2147483647, due_at = now() - interval '1 hour'
where dossier_id = $1 and kind <> 'near'
"""
_FOREIGNER = {"kind": "citizen", "name": "JANE SAMPLE", "travel_document": "X0000001"}


_NUMBERS = (
    """insert into redrive (id, dossier_id, operator, reason, done_at) overriding system value
    select n, gen_random_uuid(), 'other', '', now() from generate_series(1, 40) n""",
    """insert into blocked_message (id, topic, shard, payload) overriding system value
    select n, 'out.other', 99, '' from generate_series(1, 40) n""",
    """insert into operator_action (id, operator, action, target, reason) overriding system value
    select n, 'other', '', '', '' from generate_series(1, 40) n""",
)
_ENDLESS = (
    "update retention_run set ended_at = 'infinity', documents_at = 'infinity'",
    "insert into engine select 'ghost-' || n, 0, 'infinity' from generate_series(1, 9) n",
    "insert into unheard_agency values ('000.12.99.H07', 9223372036854775807, gen_random_uuid(), 'infinity')",
    "update configuration_version set version = 9223372036854775807 where kind = 'participants'",
    "delete from configuration_version where kind = 'operations'",
    "update fact set time = '290000-01-01'",
)
_WAITING = """
insert into parked_request (dossier_id, participant, request_id, reason, record)
values (gen_random_uuid(), 'other', 'x', 'documents.away', '')
"""
_DEADLY = "update intake_offset set starts = 2147483647, probing = next, marks = 2147483647"
_KEYS = (
    "update dossier_key set wrapped = '\\x' where dossier_id <> $1",
    "update dossier_key set wrapped = wrapped where dossier_id = $1",
    "update term_seed set wrapped = '\\x00'",
)


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


async def test_counts_at_the_end_of_their_columns_and_rows_with_the_next_numbers_end_no_engine(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        fired, parked = await lodge(traffic, counter, 2)
        await hub.database.execute("update dossier set mac = '' where id = any($1::uuid[])", [fired, parked])
        await hub.database.execute(_FIRED, fired)
        for statement in _AHEAD:
            await hub.database.execute(statement)
        await hub.database.execute("insert into code_block values ($1, current_date, 2147483647)", ONE_STOP)
        await hub.database.execute(
            "insert into code_block values ($1, current_date + 1, 2147483647)", ONE_STOP
        )
        await counter.publish({}, None, b"no event")
        await traffic.send(counter, VERIFY, parked, verification())

        async def are_through() -> bool:
            have = await hub.database.fetchrow("""
                select (select count(*) from dead_letter where topic <> 'other') = 1,
                       (select count(*) from parked_request where participant = 'counter-a') = 1,
                       (select count(*) from timer where fired_at is not null) = 1""")
            return engine.exit_status is not None or (have is not None and all(have))

        await eventually(are_through, 60, "letter, parked request and timer", engine.output)
        await counter.ask(SUBMIT, "ref:F", submission(applicant=_FOREIGNER))
        await counter.ask(CHECK, "ref:F", hand_check(_FOREIGNER))
        receipt = await counter.ask(ACCEPT, "ref:F", acceptance())
        assert receipt.data["code"] == "codes.used_up"
        assert engine.exit_status is None


async def test_times_numbers_and_keys_that_the_hub_has_not_written_end_no_engine_and_hold_up_no_other(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, partitions=1) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine(HUB_RETENTION__EVERY_S="0.5")
        last, *_ = reversed(await traffic.dossiers(counter, 8))
        for statement in (*_NUMBERS, *_ENDLESS, _WAITING):
            await hub.database.execute(statement)
        out = Grant("topic", f"{hub.prefix}out.", "write", is_prefix=True)
        await asyncio.to_thread(hub.admin.revoke, hub.user, [out])
        waiting = await traffic.submit(counter)

        async def are_through() -> bool:
            have = await hub.database.fetchrow("""
                select (select count(*) from retention_run where ended_at <= now()) = 1,
                       (select count(*) from redrive where operator = 'hub') = 1,
                       (select count(*) from engine) = 1,
                       (select count(*) from blocked_message where topic = 'out.counter-a') > 0""")
            return engine.exit_status is not None or (have is not None and all(have))

        await eventually(are_through, 60, "sweep, redrive, no ghosts, a topic set aside", engine.output)
        assert engine.exit_status is None, engine.output()
        await asyncio.to_thread(hub.admin.grant, hub.user, [out])
        await counter.receipt(waiting)
        await record_action(hub.database, "op", "a.test", "nobody")
        newcomer = await hub.join("counter-c", ["counter"], [ONE_STOP])
        await newcomer.ask(SUBMIT, "ref:new", submission())
        for key in _KEYS:
            await hub.database.execute(key, *([last] if "$1" in key else []))
        assert await engine.stop() == 0
        buried = await traffic.submit(counter)
        await hub.database.execute(_DEADLY)
        engine = await hub.start_engine("engine-2")
        await traffic.answered()
        assert (await counter.receipt(buried)).type == RECEIPT_ACCEPTED
        await newcomer.ask(SUBMIT, "ref:later", submission())
        await traffic.dossiers(counter, 8)
        assert engine.exit_status is None
