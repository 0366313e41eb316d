"""What the engine names when it reads and writes a batch is what the functions of the store take."""

from __future__ import annotations

import pytest

from hub.engine.write.calls import READ_BATCH, WRITE_BATCH, StoredFunction
from hub.postgres.database import Connection

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
