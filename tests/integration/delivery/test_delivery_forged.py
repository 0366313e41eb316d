"""A report that was written into the database is not published as the adapter's word, and others are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.delivery_worlds import World, delivery_world, running, until

FORGED = """
insert into delivery_report (adapter, id, type, subject, time, data, mac)
select $1, 'forged-' || n, 'onestop.payment.record.v1', 'd-1', now(), '{"paid":1}',
       case when n % 2 = 0 then $2::bytea end
from generate_series(1, 150) n
"""
ALTERED = """
create function altered() returns trigger language plpgsql as $$
begin
    new.data = replace(convert_from(new.data, 'UTF8'), 'delivered', 'rejected')::bytea;
    return new;
end
$$;
create trigger altering before insert on delivery_report for each row execute function altered();
"""
TOLD = "hub_untrusted_rows_total"
ASIDE = "select count(*) from delivery_report where next_at > now() + interval '50 minutes'"


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_a_report_that_the_adapter_has_not_written_is_never_published_and_holds_up_none(
    world: World,
) -> None:
    await world.pool.execute(FORGED, world.name, b"x" * 16)
    await world.pool.execute("update delivery_report set time = '294276-01-01' where id = 'forged-1'")
    async with running(world):
        await world.send(1)
        headers, _, _ = await world.read_report()
        assert not headers["ce_id"].startswith(b"forged")
        await until(lambda: world.registry.get_sample_value(TOLD, {"kind": "delivery_report"}) == 150)

        async def are_aside() -> bool:
            return bool(await world.pool.fetchval(ASIDE) == 150)

        await until(are_aside)


async def test_a_report_that_was_altered_while_it_waited_is_not_published(world: World) -> None:
    await world.pool.execute(ALTERED)
    async with running(world):
        await world.send(1)

        async def is_aside() -> bool:
            return bool(await world.pool.fetchval(ASIDE) == 1)

        await until(is_aside)
        await world.pool.execute("drop trigger altering on delivery_report")
        await world.send(2)
        _, _, body = await world.read_report()
        assert body["message"] == "m-2"
