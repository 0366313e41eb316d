"""Brings stored data of an old version to the newest one, step by step (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from schemas.registry import FACTS, RECEIPTS, REQUESTS

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""Takes the data of one version; returns the next type's name and new data, and leaves its input alone."""

UPCASTERS: Mapping[str, Upcaster] = {}
"""By the type name of the old version; every version is the first one so far."""

CURRENT: frozenset[str] = frozenset({*REQUESTS, *FACTS, *RECEIPTS})


class UnknownTypeError(LookupError):
    """No model and no upcaster has this type name; `type_name` is the name."""

    code = "schemas.unknown_type"

    def __init__(self, type_name: str) -> None:
        super().__init__(f"no published type {type_name!r}")
        self.type_name = type_name


def upcast(
    type_name: str,
    data: dict[str, Any],
    upcasters: Mapping[str, Upcaster] = UPCASTERS,
    current: Collection[str] = CURRENT,
) -> tuple[str, dict[str, Any]]:
    """Return the newest type name and its data; a current type comes back as it is.

    Raises UnknownTypeError when the chain ends at a type that is not current, or never ends.
    """
    for _ in range(len(upcasters) + 1):
        upcaster = upcasters.get(type_name)
        if upcaster is None:
            break
        type_name, data = upcaster(data)
    if type_name not in current or type_name in upcasters:
        raise UnknownTypeError(type_name)
    return type_name, data
