"""Which adapters are installed: what each declares at its entry point, as far as the lowest rooms read it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources.abc import Traversable
from typing import Protocol, runtime_checkable

from hub.errors import StartupError

GROUP = "hub.adapters"


@runtime_checkable
class Declared(Protocol):
    """Of `hub.delivery.declaration.AdapterDeclaration`: what settings and migrations are read from."""

    @property
    def name(self) -> str:
        """The adapter, its participant and its entry point."""
        ...

    @property
    def settings_prefix(self) -> str:
        """What its variables begin with."""
        ...

    @property
    def migrations(self) -> Traversable | None:
        """The folder of the scripts that make its tables."""
        ...


@cache
def adapter_points() -> dict[str, EntryPoint]:
    """The installed adapters by name, sorted, not imported."""
    points = entry_points(group=GROUP)
    return {point.name: point for point in sorted(points, key=lambda point: point.name)}


@cache
def declared_adapters() -> dict[str, Declared]:
    """What every installed adapter declares, by name; `StartupError` names one that cannot be read."""
    return {name: _read(name, point) for name, point in adapter_points().items()}


def settings_prefixes() -> tuple[str, ...]:
    """What the variables of adapters begin with."""
    return tuple(declared.settings_prefix for declared in declared_adapters().values())


def _read(name: str, point: EntryPoint) -> Declared:
    try:
        declared = point.load()
    except (ImportError, AttributeError, ValueError) as error:
        raise StartupError(f"adapter {name}: {point.value} cannot be read: {error}") from error
    if not isinstance(declared, Declared) or declared.name != name:
        raise StartupError(f"adapter {name}: {point.value} is not the declaration of an adapter {name}")
    return declared
