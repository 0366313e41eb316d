"""Which adapters are installed: the entry points of one group."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files

_GROUP = "hub.adapters"


def adapter_points() -> dict[str, EntryPoint]:
    """The installed adapters by name, not imported."""
    return {point.name: point for point in entry_points(group=_GROUP)}


def adapter_names() -> list[str]:
    """Names of the installed adapters, sorted."""
    return sorted(adapter_points())


def adapter_tables(only: str | None = None) -> dict[str, str]:
    """Tables of their own that installed adapters have, by adapter: SQL that can be run again."""
    tables: dict[str, str] = {}
    for name, point in sorted(adapter_points().items()):
        script = files(point.module.rpartition(".")[0]) / "sql" / "tables.sql"
        if only in (None, name) and script.is_file():
            tables[name] = script.read_text(encoding="utf-8")
    return tables
