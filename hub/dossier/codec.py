"""Stored form of a dossier's state: compact JSON with its version, and the upcasters of older versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any

import orjson

from hub.dossier.state import Dossier, HandOver, Holding, IdentityCheck, Pickup, Timer
from hub.errors import HubError

VERSION = 1

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Mapping[int, Upcaster] = {}
"""By the old version: makes the data of the next one."""


class StateError(HubError):
    """Stored bytes that are no state of a dossier, or of a version that this program does not know."""

    code = "dossier.state"


def to_json(dossier: Dossier) -> bytes:
    """The state as bytes; what is at its default is left out; times keep their instant and zone offset."""
    data: dict[str, Any] = {"v": VERSION}
    for name, default in _PLAIN:
        value = getattr(dossier, name)
        if value != default:
            data[name] = value
    if dossier.components:
        data["components"] = [
            [item.code, item.originals, item.copies, item.electronic] for item in dossier.components
        ]
    if dossier.hand_overs:
        data["hand_overs"] = [[item.giver, item.receiver, item.papers] for item in dossier.hand_overs]
    for name, check in (("owner", dossier.owner), ("proxy", dossier.proxy)):
        if check.check is not None:
            data[name] = [check.outcome, check.check]
    if dossier.pickups:
        data["pickups"] = {order: _dump_pickup(pickup) for order, pickup in dossier.pickups.items()}
    if dossier.timers:
        data["timers"] = {name: [timer.kind, timer.due_at] for name, timer in dossier.timers.items()}
    return orjson.dumps(data)


def from_json(stored: bytes) -> Dossier:
    """Read a stored state of any version; raises StateError when it is none."""
    try:
        data = orjson.loads(stored)
        version = data.pop("v")
        while version != VERSION:
            data, version = UPCASTERS[version](data), version + 1
        return _load(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StateError("stored bytes are no state of a dossier of a known version") from error


def _load(data: dict[str, Any]) -> Dossier:
    values = list(_DEFAULTS)
    for name, value in data.items():
        read = _READERS.get(name)
        values[_POSITIONS[name]] = read(value) if read is not None else value
    return Dossier(*values)


def _dump_pickup(pickup: Pickup) -> list[Any]:
    return [
        pickup.direction,
        pickup.organisation,
        pickup.status,
        pickup.relation,
        pickup.status_at,
        pickup.failed_at,
        pickup.cash,
        pickup.cash_collected,
        pickup.cash_remitted,
    ]


def _load_pickup(item: list[Any]) -> Pickup:
    direction, organisation, status, relation, status_at, failed_at, *cash = item
    failures = tuple([_instant(moment) for moment in failed_at])
    return Pickup(direction, organisation, status, relation, _instant(status_at), failures, *cash)


def _load_components(items: list[list[Any]]) -> tuple[Holding, ...]:
    return tuple([Holding(code, originals, copies, paper) for code, originals, copies, paper in items])


def _load_hand_overs(items: list[list[Any]]) -> tuple[HandOver, ...]:
    return tuple([HandOver(giver, receiver, tuple(papers)) for giver, receiver, papers in items])


def _load_check(item: list[Any]) -> IdentityCheck:
    return IdentityCheck(item[0], item[1])


def _load_pickups(items: dict[str, list[Any]]) -> dict[str, Pickup]:
    return {order: _load_pickup(item) for order, item in items.items()}


def _load_timers(items: dict[str, list[Any]]) -> dict[str, Timer]:
    return {name: Timer(item[0], _instant(item[1])) for name, item in items.items()}


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


_instant = datetime.fromisoformat
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "submitted_at": _instant,
    "intake_limit": _instant,
    "accepted_at": _instant,
    "counted_from": _instant,
    "due_at": _instant,
    "supplement_requested_at": _instant,
    "apology_due_at": _instant,
    "components": _load_components,
    "hand_overs": _load_hand_overs,
    "owner": _load_check,
    "proxy": _load_check,
    "result_papers": tuple,
    "pickups": _load_pickups,
    "timers": _load_timers,
}
_NESTED = frozenset({"components", "hand_overs", "owner", "proxy", "pickups", "timers"})
_FIELDS = fields(Dossier)
_PLAIN = tuple((item.name, _default(item)) for item in _FIELDS if item.name not in _NESTED)
_DEFAULTS = tuple(_default(item) for item in _FIELDS)
_POSITIONS = {item.name: position for position, item in enumerate(_FIELDS)}
