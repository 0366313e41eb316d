"""What the engine names when it reads and writes a batch is what the store takes and compares."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.errors import MissError
from hub.engine.write.calls import READ_BATCH, WRITE_BATCH, StoredFunction
from hub.engine.write.reading import read_versions
from hub.engine.write.writing import write_batch
from hub.outbox.segments import Outgoing, Written
from hub.postgres.database import Connection
from tests.support.batches import Memory, submit
from tests.support.requests import submission

_TYPES = """
select array_agg(w.type::regtype::oid order by w.place) from unnest($1::text[]) with ordinality w(type, place)
"""
_TAKEN = """
select a.name, a.type from pg_proc p,
    unnest(p.proargnames[1 : p.pronargs], p.proargtypes::oid[]) with ordinality a(name, type, place)
where p.oid = $1::regproc order by a.place
"""


@pytest.mark.parametrize("function", [READ_BATCH, WRITE_BATCH], ids=lambda function: function.name)
async def test_names_order_and_types_of_the_parameters_are_those_of_the_store(
    store: Connection, function: StoredFunction
) -> None:
    taken = [(row["name"], row["type"]) for row in await store.fetch(_TAKEN, function.name)]
    types = await store.fetchval(_TYPES, list(function.parameters.values()))
    assert taken == list(zip(function.parameters, types, strict=True))


def test_an_argument_that_is_missing_or_not_known_is_named() -> None:
    given = {"participants": "", "ids": "", "aliases": "", "cases": ""}
    with pytest.raises(TypeError, match="read_batch: cases, dossiers"):
        READ_BATCH.arguments(given)


async def written(store: Connection, memory: Memory, decision: BatchDecision) -> Written:
    nothing = Outgoing([], [], [])
    return await write_batch(store, decision, [], nothing, dump=memory.rules.dump, shards=4)


async def test_versions_that_were_not_read_are_compared(store: Connection) -> None:
    memory, versions = Memory(), await read_versions(store)
    decision = memory.decide(submit("versions", "ref:versions", submission()))
    read = decision.workspace.view
    for stale in (
        versions | {"clock": versions["clock"] + 1},
        versions | {"other": 1},
        {"clock": versions["clock"]},
    ):
        decision.workspace.view = replace(read, versions=stale)
        with pytest.raises(MissError) as miss:
            await written(store, memory, decision)
        assert miss.value.kind == "version_miss"
    decision.workspace.view = replace(read, versions=versions)
    await written(store, memory, decision)


async def test_a_name_that_was_taken_for_new_is_compared_although_its_submission_was_refused(
    store: Connection,
) -> None:
    memory = Memory()
    await written(store, memory, memory.decide(submit("first", "ref:taken", submission())))
    refused = memory.decide(submit("second", "ref:taken-not", submission(procedure="9.999999")))
    assert not refused.workspace.aliases
    read = refused.workspace.view
    refused.workspace.view = replace(read, absent={"ref:counter-a:taken"})
    with pytest.raises(MissError) as miss:
        await written(store, memory, refused)
    assert miss.value.kind == "head_miss"
    refused.workspace.view = replace(read, absent={"ref:counter-a:taken-not"})
    await written(store, memory, refused)
