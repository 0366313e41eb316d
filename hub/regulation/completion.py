"""What the national record does not say of a procedure, completed by the administrator once (pure)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.regulation.catalogue import Catalogue, Component, Need, Procedure
from hub.regulation.completion_fees import ByPieceEntry, ScheduleEntry, with_fees
from hub.regulation.errors import ProfileError
from hub.regulation.sections import Channel

_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Paper(BaseModel):
    model_config = _STRICT

    need: Need | None = None
    one_of: str | None = Field(default=None, min_length=1, max_length=60)
    cases: frozenset[str] = frozenset()
    digitise: bool | None = None


class _Completed(BaseModel):
    model_config = _STRICT

    immediate: frozenset[str] = frozenset()
    components: Mapping[str, _Paper] = {}
    schedules: tuple[ScheduleEntry, ...] = ()
    by_piece: tuple[ByPieceEntry, ...] = ()


class _File(BaseModel):
    model_config = _STRICT

    procedures: Mapping[str, _Completed]


def completed(catalogue: Catalogue, files: Mapping[str, bytes]) -> Catalogue:
    """The catalogue with what these files say, under a version made of its records and of them.

    Raises ProfileError with file and key: for what is not known there, and for what two files say.
    """
    if not files:
        return catalogue
    procedures, by = dict(catalogue.procedures), dict[str, str]()
    for name, raw in files.items():
        for code, said in _read(name, raw).procedures.items():
            if code not in procedures:
                raise ProfileError(f"{name}: procedures.{code}: the catalogue has no such procedure")
            if code in by:
                raise ProfileError(f"{name}: procedures.{code}: {by[code]} completes it already")
            by[code] = name
            procedures[code] = _with(procedures[code], said, f"{name}: procedures.{code}")
    digests = "".join(f"\n{hashlib.sha256(raw).hexdigest()}" for raw in files.values())
    version = hashlib.sha256(f"{catalogue.version}{digests}".encode()).hexdigest()[:16]
    return Catalogue(version, MappingProxyType(procedures))


def _read(name: str, raw: bytes) -> _File:
    try:
        return _File.model_validate(tomllib.loads(raw.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{name}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ProfileError(f"{name}: {wrong}") from error


def _with(procedure: Procedure, said: _Completed, place: str) -> Procedure:
    channels: tuple[Channel, ...] = get_args(Channel)
    times = {choice.id for channel in channels for choice in procedure.choices(channel)}
    _known(said.immediate, times, f"{place}.immediate", "time")
    codes = {component.code for component in procedure.components}
    _known(said.components, codes, f"{place}.components", "paper")
    for code, paper in said.components.items():
        _known(paper.cases, times, f"{place}.components.{code}.cases", "time")
    return replace(
        with_fees(procedure, said.schedules, said.by_piece, place),
        immediate=said.immediate,
        components=tuple(_paper(one, said.components.get(one.code)) for one in procedure.components),
    )


def _known(named: Iterable[str], known: Iterable[str], place: str, what: str) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise ProfileError(f"{place}: {unknown[0]} is no {what} of this procedure")


def _paper(component: Component, said: _Paper | None) -> Component:
    if said is None:
        return component
    digitise = component.digitise if said.digitise is None else said.digitise
    return replace(component, need=said.need, one_of=said.one_of, cases=said.cases, digitise=digitise)
