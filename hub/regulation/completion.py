"""What the national record does not say of a procedure, completed by the administrator once (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from hub.regulation.catalogue import (
    Catalogue,
    Component,
    HandlingTime,
    Need,
    Offer,
    Procedure,
    ProcessStep,
)
from hub.regulation.completion_fees import ByPieceEntry, ScheduleEntry, with_fees
from hub.regulation.errors import MeaningError, ProfileError
from hub.regulation.sections import Channel
from hub.regulation.toml_files import misplaced, read_toml

_Decision = Annotated[str, Field(pattern=r"\S", max_length=250)]
_System = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]
_OtherCode = Annotated[str, Field(pattern=r"^\S{1,50}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Paper(BaseModel):
    model_config = _STRICT

    need: Need | None = None
    one_of: str | None = Field(default=None, min_length=1, max_length=60)
    cases: frozenset[str] = frozenset()
    digitise: bool | None = None


class _Step(BaseModel):
    model_config = _STRICT

    name: str = Field(min_length=1, max_length=250)
    time: str = Field(pattern=r"^\d{1,3}(\.\d{1,2})? (WORKING_DAY|HOUR)$")


class _ByEmail(BaseModel):
    """What allows e-mail (13.4), and the channel whose published times and fees are those of e-mail too."""

    model_config = _STRICT

    provision: _Decision
    like: Literal["in_person", "post", "online"]


class _Completed(BaseModel):
    model_config = _STRICT

    immediate: frozenset[str] = frozenset()
    components: Mapping[str, _Paper] = {}
    schedules: tuple[ScheduleEntry, ...] = ()
    by_piece: tuple[ByPieceEntry, ...] = ()
    steps: tuple[_Step, ...] = ()
    process_approved: _Decision | None = None
    announced: _Decision | None = None
    electronic_results: frozenset[str] = frozenset()
    email: _ByEmail | None = None
    codes: Mapping[_System, _OtherCode] = {}
    """What other systems call it."""


class CompletionFile(BaseModel):
    """One file of completions, by procedure."""

    model_config = _STRICT

    procedures: Mapping[str, _Completed]


@dataclass(frozen=True, slots=True)
class _Said:
    """What files say of one procedure: each field by one of them."""

    whole: _Completed
    by: Mapping[str, str]
    """The name of the file, by the field."""


def completed(catalogue: Catalogue, files: Mapping[str, bytes]) -> Catalogue:
    """The catalogue with what these files say, under a version made of its records and of them.

    Raises ProfileError with file, line and key: for what is not known there, and for what two files say.
    """
    if not files:
        return catalogue
    said = dict[str, _Said]()
    for name, raw in files.items():
        for code, one in read_completion(name, raw).procedures.items():
            said[code] = _joined(said.get(code), code, one, name, raw)
    procedures = dict(catalogue.procedures)
    for code, of_all in said.items():
        try:
            procedures[code] = _with(_published(catalogue, code), of_all.whole)
        except MeaningError as error:
            raise _of_file(error.below("procedures", code), of_all, files) from error
    _apart(said, files)
    digests = "".join(f"\n{hashlib.sha256(raw).hexdigest()}" for raw in files.values())
    version = hashlib.sha256(f"{catalogue.version}{digests}".encode()).hexdigest()[:16]
    return Catalogue(version, MappingProxyType(procedures))


def _published(catalogue: Catalogue, code: str) -> Procedure:
    if code not in catalogue.procedures:
        raise MeaningError((), "the catalogue has no such procedure")
    return catalogue.procedures[code]


def _joined(before: _Said | None, code: str, one: _Completed, name: str, raw: bytes) -> _Said:
    """Two files may complete one procedure, with different fields of it."""
    by = dict(before.by) if before is not None else {}
    for field in sorted(one.model_fields_set):
        if field in by:
            where = ("procedures", code, field)
            raise misplaced(raw.decode(), name, where, f"{by[field]} says it already")
    by |= dict.fromkeys(one.model_fields_set, name)
    own = {field: getattr(one, field) for field in one.model_fields_set}
    whole = before.whole.model_copy(update=own) if before is not None else one
    return _Said(whole, by or {"": name})


def _of_file(error: MeaningError, said: _Said, files: Mapping[str, bytes]) -> ProfileError:
    """The error with the file that says it, and its line."""
    field = str(error.where[2]) if len(error.where) > 2 else ""
    name = said.by.get(field) or next(iter(said.by.values()))
    return misplaced(files[name].decode(), name, error.where, error.why)


def _apart(said: Mapping[str, _Said], files: Mapping[str, bytes]) -> None:
    """No two procedures have one code in the same system: what it sends back would be of either."""
    known = dict[tuple[str, str], str]()
    for code, one in said.items():
        for system, other in one.whole.codes.items():
            if (of := known.setdefault((system, other), code)) != code:
                where = ("procedures", code, "codes", system)
                raise _of_file(MeaningError(where, f"{other} is that of {of} already"), one, files)


def read_completion(name: str, raw: bytes) -> CompletionFile:
    """What a file says, by procedure; raises ProfileError that names each wrong field."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ProfileError(f"{name}: {error}") from error
    return read_toml(text, name, CompletionFile)


def _with(procedure: Procedure, said: _Completed) -> Procedure:
    procedure = _lodged_by_email(procedure, said.email)
    channels: tuple[Channel, ...] = get_args(Channel)
    times = {choice.id for channel in channels for choice in procedure.choices(channel)}
    _known(said.immediate, times, ("immediate",), "time")
    codes = {component.code for component in procedure.components}
    _known(said.components, codes, ("components",), "paper")
    _known(
        said.electronic_results,
        {one.code for one in procedure.results if one.code},
        ("electronic_results",),
        "result",
    )
    for code, paper in said.components.items():
        _known(paper.cases, times, ("components", code, "cases"), "time")
    return replace(
        with_fees(procedure, said.schedules, said.by_piece),
        immediate=said.immediate,
        steps=_steps(said.steps),
        process_approved=_approval(said),
        announced=said.announced,
        electronic_results=said.electronic_results,
        other_codes=MappingProxyType(dict(said.codes)),
        components=tuple(_paper(one, said.components.get(one.code)) for one in procedure.components),
    )


def _lodged_by_email(procedure: Procedure, said: _ByEmail | None) -> Procedure:
    """E-mail as one more channel (13.4)."""
    if said is None:
        return procedure
    offer = procedure.channels.get(said.like)
    if offer is None:
        raise MeaningError(("email", "like"), f"{said.like} is no channel of this procedure")
    channels: Mapping[Channel, Offer] = MappingProxyType({**procedure.channels, "email": offer})
    return replace(procedure, channels=channels, by_email=said.provision)


def _steps(said: tuple[_Step, ...]) -> tuple[ProcessStep, ...]:
    """The approved process (9.4)."""
    steps = tuple(ProcessStep(one.name, HandlingTime.read(one.time)) for one in said)
    names = [step.name for step in steps]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise MeaningError(("steps", number, "name"), f"{name} is there twice")
    return steps


def _approval(said: _Completed) -> str | None:
    """Of a process that is there (9.4)."""
    if said.process_approved is not None and not said.steps:
        raise MeaningError(("process_approved",), "there are no steps that it could approve")
    return said.process_approved


def _known(named: Iterable[str], known: Iterable[str], where: tuple[str, ...], what: str) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise MeaningError(where, f"{unknown[0]} is no {what} of this procedure")


def _paper(component: Component, said: _Paper | None) -> Component:
    if said is None:
        return component
    digitise = component.digitise if said.digitise is None else said.digitise
    return replace(component, need=said.need, one_of=said.one_of, cases=said.cases, digitise=digitise)
