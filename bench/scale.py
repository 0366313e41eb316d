"""Speed with many stored dossiers: tables filled by SQL with rows of real sizes, then the core job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.arena import Arena, Bench
from bench.contenders import find
from bench.core import SOURCE, Measured, Plan, run_once
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from hub.postgres.database import Connection

_KEYS = 20_000
_CHECKED_AT_ONCE = 100_000
_FILL = (
    """
    create temporary table filled as
    select n, gen_random_uuid() as id, sha256(int8send(n)) as head from generate_series(0, $1::bigint - 1) n
    """,
    # The state of the core job is a number; leading zeros give it the size of a dossier's state.
    """
    insert into dossier (id, head, sequence, state)
    select id, head, 1, convert_to(lpad('1', 300, '0'), 'UTF8') from filled
    """,
    "insert into dossier_key select id, wrapped from filled join drawn on k = n % $1::int",
    "insert into alias (alias, dossier_id) select 'ref:' || $1::text || ':hs-' || n, id from filled",
    """
    insert into inbox (participant, id, digest, receipt, dossier_id)
    select $1::text, gen_random_uuid()::text, head, decode(repeat('00', 250), 'hex'), id from filled
    """,
    """
    insert into fact (dossier_id, sequence, id, type, time, bytes, hash)
    select id, 1, gen_random_uuid(), 'onestop.bench.counted.v1', now(),
        convert_to(repeat(md5(n::text), 22), 'UTF8'), head from filled
    """,
)


_FILLED = """
select d.id::text as id, d.head, d.sequence, d.state, k.wrapped, a.alias
from dossier d join dossier_key k on k.dossier_id = d.id join alias a on a.dossier_id = d.id
"""
_CHECKED = (
    "update dossier d set mac = w.mac from unnest($1::uuid[], $2::bytea[]) w(id, mac) where d.id = w.id",
    "update alias a set mac = w.mac from unnest($1::text[], $2::bytea[]) w(name, mac) where a.alias = w.name",
)


@dataclass(frozen=True, slots=True)
class ScaleMeasured:
    """Speed of one engine with so many dossiers in the tables; `fill_s` is how long the filling took."""

    stored: int
    fill_s: float
    database_mib: float
    measured: Measured


async def run_scale(bench: Bench, sizes: Sequence[int], plan: Plan) -> list[ScaleMeasured]:
    """Each size once per round, on a database of its own."""
    results: list[ScaleMeasured] = []
    hub = find("hub-1")[0]
    for number in range(plan.rounds):
        for size in sizes:
            seen: dict[str, float] = {}

            async def fill(place: Arena, size: int = size, seen: dict[str, float] = seen) -> None:
                seen["fill_s"] = await _fill(place, size)
                megabytes = "select pg_database_size(current_database()) / 1048576.0"
                seen["mib"] = float(await place.hub.database.fetchval(megabytes))

            one = await run_once(bench, hub, replace(plan, dossiers=size), number, fill)
            results.append(ScaleMeasured(size, seen["fill_s"], seen["mib"], one))
            print(
                f"scale round {number + 1}/{plan.rounds} {size:9,} dossiers ({seen['mib']:,.0f} MiB, "
                f"filled in {seen['fill_s']:.0f} s) {one.events_per_s:9,.0f} ev/s, postgres "
                f"{one.postgres_us:.1f} us/ev",
                flush=True,
            )
    return results


async def _check(database: Connection, key: StoreKey) -> None:
    """The checks of the rows, which PostgreSQL cannot make; those that no event needs have none."""
    async with database.transaction():
        cursor = await database.cursor(_FILLED, timeout=600)
        while rows := await cursor.fetch(_CHECKED_AT_ONCE, timeout=600):
            dossiers = [
                key.dossier(row["id"], row["head"], row["sequence"], row["state"], None, row["wrapped"])
                for row in rows
            ]
            aliases = [key.alias(row["alias"], row["id"]) for row in rows]
            await database.execute(_CHECKED[0], [row["id"] for row in rows], dossiers, timeout=600)
            await database.execute(_CHECKED[1], [row["alias"] for row in rows], aliases, timeout=600)


async def _fill(place: Arena, size: int) -> float:
    """Dossiers share 20,000 drawn keys: more than an engine keeps open, and each opens."""
    database, started = place.hub.database, time.perf_counter()
    master = MasterKey.from_file(place.hub.master_key_file)
    await database.execute("create temporary table drawn (k int primary key, wrapped bytea)")
    rows = [(number, master.new_key().wrapped) for number in range(_KEYS)]
    await database.copy_records_to_table("drawn", records=rows)
    arguments: tuple[tuple[object, ...], ...] = ((size,), (), (_KEYS,), (SOURCE,), (SOURCE,), ())
    for statement, given in zip(_FILL, arguments, strict=True):
        await database.execute(statement, *given, timeout=600)
    await database.execute("drop table filled, drawn")
    await _check(database, master.store)
    for table in ("dossier", "dossier_key", "alias", "inbox", "fact"):
        await database.execute(f"vacuum (analyze) {table}", timeout=600)
    return time.perf_counter() - started
