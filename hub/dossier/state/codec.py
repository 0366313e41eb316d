"""Stored form of a state: compact JSON with its version, and the upcasters of older versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub.dossier.errors import NoDossierError, StateError
from hub.dossier.state.matter import State
from hub.dossier.state.model import VERSION, Dossier
from hub.regulation.law import FIRST_CALENDAR, FIRST_CATALOGUE

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


def _with_whole_law(data: dict[str, Any]) -> dict[str, Any]:
    """From version 1, which kept the profile only."""
    ruleset = data.pop("ruleset")
    return {**data, "law": (ruleset, FIRST_CATALOGUE, FIRST_CALENDAR)}


UPCASTERS: Mapping[int, Upcaster] = {1: _with_whole_law}
"""By the old version: makes the data of the next one."""

_decode: Callable[[bytes], State] = msgspec.json.Decoder(State).decode


to_json = msgspec.json.Encoder().encode
"""The state as bytes; what is at its default is left out; times keep their instant."""


def from_json(stored: bytes) -> Dossier:
    """The stored state of a dossier; raises StateError when it is none, NoDossierError for a matter."""
    state = state_from_json(stored)
    if isinstance(state, Dossier):
        return state
    raise NoDossierError(state.kind)


def state_from_json(stored: bytes) -> State:
    """Read a stored state of any version; raises StateError when it is none."""
    try:
        return _decode(stored)
    except msgspec.DecodeError:
        return _upcast(stored)


def _upcast(stored: bytes) -> Dossier:
    version = None
    try:
        data = msgspec.json.decode(stored)
        version = data["v"]
        while version != VERSION:
            data, version = UPCASTERS[version](data), version + 1
        return msgspec.convert({**data, "v": VERSION}, Dossier)
    except (msgspec.MsgspecError, TypeError, KeyError, AttributeError) as error:
        raise StateError(version) from error
