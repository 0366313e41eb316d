"""Imports of registers become facts whatever operators typed, and whatever else lies among the editions."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from hub.embedded.stack import StackAddress
from hub.facts.integrity import StoreKey
from hub.participants import register_editions
from hub.regulation.organisations import Organisation, Organisations
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.waiting import eventually

VIETNAMESE = "Sáp nhập theo nghị quyết mới"
DECOMPOSED = unicodedata.normalize("NFD", VIETNAMESE)
_ALTERED = """
insert into register_edition (register, number, content, operator, reason)
select $1, $2::bigint + n, 'x', 'other', 'other' from generate_series(1, $3::int) n
"""
_TOLD = "select id from inbox where participant = 'hub' and id like 'import-%' order by id"
_FACTS = "select count(*) from fact where type = 'onestop.register.changed.v1'"


def content(name: str) -> str:
    one: dict[str, Any] = {"code": ONE_STOP, "kind": "department", "level": "province", "name_vi": name}
    return Organisations([Organisation.model_validate(one | {"in_force_from": "2020-01-01"})]).as_json()


async def imported(hub: Hub, name: str, operator: str = "canbo.mau", reason: str = "Quý IV") -> int:
    key: StoreKey = hub.store_key
    text = content(name)
    return await register_editions.add(hub.database, key, "organisations", text, operator, reason)


async def told(hub: Hub) -> list[str]:
    return [row["id"] for row in await hub.database.fetch(_TOLD)]


async def test_an_import_whose_words_no_fact_takes_as_they_are_ends_no_engine(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        assert await imported(hub, "Sở Một", "n" * 300, DECOMPOSED) == 1
        assert await imported(hub, "Sở Hai", reason="\x1b[2J" + "r" * 5000) == 2
        await hub.database.execute("update register_edition set imported_at = 'infinity' where number = 2")
        engine = await hub.start_engine()

        async def are_told() -> bool:
            return await told(hub) == ["import-organisations-1", "import-organisations-2"]

        await eventually(are_told, 30, "both imports told")
        await eventually(lambda: _count(hub, 2), 10, "both on record")
        assert await engine.stop() == 0

        file = tmp_path / "organisations.json"
        file.write_text(content("Sở Ba"))
        words = ("--yes", "--reason", DECOMPOSED, "--operator")
        status, output = await hub_command(
            hub.environment, "organisations", "import", str(file), *words, "n" * 101
        )
        assert (status, "--operator: 1 to 100 characters" in output) == (2, True), output
        status, output = await hub_command(
            hub.environment, "organisations", "import", str(file), *words, "mau"
        )
        assert (status, "imported as edition 3" in output) == (0, True), output
        assert (
            await hub.database.fetchval("select reason from register_edition where number = 3") == VIETNAMESE
        )


async def _count(hub: Hub, facts: int) -> bool:
    return bool(await hub.database.fetchval(_FACTS) == facts)


async def test_editions_that_somebody_else_wrote_hide_no_import_and_take_no_number_of_it(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        engine = await hub.start_engine()
        assert await imported(hub, "Sở Một") == 1
        await eventually(lambda: _count(hub, 1), 30, "the first import on record")

        await hub.database.execute(_ALTERED, "organisations", 1, 25)
        await hub.database.execute(_ALTERED, "", -(2**63), 30)
        await hub.database.execute(_ALTERED, "organisations", 1_999_999_999, 1)
        await hub.database.execute(_ALTERED, "organisations", 2**63 - 2, 1)
        assert await imported(hub, "Sở Hai") == 27
        await eventually(lambda: _count(hub, 2), 30, "the second import on record")
        assert await told(hub) == ["import-organisations-1", "import-organisations-27"]
        found = await register_editions.stored(hub.database, hub.store_key, "organisations")
        assert found is not None
        assert "Sở Hai" in found.content

        reader = register_editions.RegisterReader(hub.store_key, lambda _: None)
        assert "Sở Hai" in (await reader.read(hub.database)).organisations.as_json()
        assert await imported(hub, "Sở Ba") == 28
        assert "Sở Ba" in (await reader.read(hub.database)).organisations.as_json()
        await eventually(lambda: _count(hub, 3), 30, "the third import on record")
        assert engine.exit_status is None
        assert await engine.stop() == 0
