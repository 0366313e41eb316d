"""Tables that adapters keep for themselves: the scripts that they declare, and whose are in a store."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Any, Protocol

from hub.installed import adapter_points, declared_adapters

_OWNERS = """
select distinct split_part(name, '/', 1) as adapter from migration where name like '%/%' order by 1
"""


class _Asks(Protocol):
    async def fetch(self, query: str, /) -> list[Any]: ...

    async def fetchval(self, query: str, /) -> Any: ...


def scripts_in(folder: Traversable) -> dict[str, str]:
    """The numbered scripts of a folder, in their order."""
    scripts = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda f: f.name)
    return {script.name: script.read_text(encoding="utf-8") for script in scripts}


def adapter_scripts(only: str | None = None) -> dict[str, str]:
    """The scripts of installed adapters by the names under which they are noted, as `tax/0001_first.sql`."""
    return {
        f"{name}/{script}": text
        for name, declared in declared_adapters().items()
        if only in (None, name) and declared.migrations is not None
        for script, text in scripts_in(declared.migrations).items()
    }


async def owners_of_tables(connection: _Asks) -> list[str]:
    """The adapters, installed here or not, that have tables in this store."""
    if not await connection.fetchval("select to_regclass('migration') is not null"):
        return []
    return [row["adapter"] for row in await connection.fetch(_OWNERS)]


async def owners_not_installed(connection: _Asks) -> list[str]:
    """The adapters with tables in this store that are not installed here: nobody can empty those."""
    return [name for name in await owners_of_tables(connection) if name not in adapter_points()]
