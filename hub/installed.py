"""Which adapters are installed: the entry points of one group."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

_GROUP = "hub.adapters"


def adapter_points() -> dict[str, EntryPoint]:
    """The installed adapters by name, not imported."""
    return {point.name: point for point in entry_points(group=_GROUP)}


def adapter_names() -> list[str]:
    """Names of the installed adapters, sorted."""
    return sorted(adapter_points())
