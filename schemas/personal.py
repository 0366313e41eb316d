"""Reads the mark of personal data once per model and takes marked values out of JSON-shaped data (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from schemas.types import Personal

MASK = "***"

_FIELD_NAME = re.compile(r"[a-z][a-z_]{0,39}")
_ARRAYS = (list, tuple, set, frozenset, Sequence, Collection, Iterable, AbstractSet)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The whole value is personal."""


@dataclass(frozen=True, slots=True)
class _Fields:
    """Some fields of the object hold personal values."""

    by_name: Mapping[str, _Plan]


@dataclass(frozen=True, slots=True)
class _Items:
    """Each item of the array holds personal values."""

    each: _Plan


_Plan = _Leaf | _Fields | _Items


def split(model_type: type[BaseModel], data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide `data` (`model_dump(mode="json")` of the model) into its open and its personal part.

    The personal part is flat: JSON pointer (`/components/0/name`) to value. `data` stays as it is; the
    open part may share what holds nothing personal with it. A value whose shape differs from the
    model's goes to the personal part.
    """
    plan = _plan_of_model(model_type)
    if not plan.by_name:
        return data, {}
    found: dict[str, Any] = {}
    return _open_object(plan, data, "", found), found


def join(opened: dict[str, Any], personal: Mapping[str, Any]) -> dict[str, Any]:
    """Put the personal part back: the inverse of `split`, except for the order of keys.

    Raises LookupError or ValueError when a path does not lie in `opened`.
    """
    if not personal:
        return opened
    joined: dict[str, Any] = _copied(opened)
    put_back(joined, personal)
    return joined


def put_back(opened: dict[str, Any], personal: Mapping[str, Any]) -> None:
    """As `join`, into what is there."""
    for path, value in personal.items():
        *parents, last = path.split("/")[1:]
        place: Any = opened
        for token in parents:
            place = place[int(token)] if type(place) is list else place[token]
        place[int(last) if type(place) is list else last] = value


def mask(model_type: type[BaseModel], data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` with each personal value as `***`, for logs and screens."""
    opened, personal = split(model_type, data)
    return join(opened, dict.fromkeys(personal, MASK))


def drop(model_type: type[BaseModel], data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` without its personal values."""
    return split(model_type, data)[0]


@cache
def personal_paths(model_type: type[BaseModel]) -> tuple[str, ...]:
    """Patterns of the paths of personal values, in the order of the fields: `/papers/*/name`."""
    return tuple(_patterns(_plan_of_model(model_type), ""))


def pointer(place: Iterable[int | str]) -> str:
    """The JSON pointer of a field at fault (`loc` of one of pydantic's errors), never a value.

    A key that is not shaped like a field's name stands as `?`: the sender may have put anything there.
    """
    return "".join(f"/{_token(token)}" for token in place)


def _token(token: int | str) -> str:
    return str(token) if isinstance(token, int) or _FIELD_NAME.fullmatch(token) else "?"


def _open_object(plan: _Fields, data: dict[str, Any], path: str, found: dict[str, Any]) -> dict[str, Any]:
    opened: dict[str, Any] = {}
    by_name = plan.by_name
    for key, value in data.items():
        step = by_name.get(key)
        if step is None:
            opened[key] = value
        elif type(step) is _Fields and type(value) is dict:
            opened[key] = _open_object(step, value, f"{path}/{key}", found)
        elif type(step) is _Items and type(value) is list:
            opened[key] = _open_array(step, value, f"{path}/{key}", found)
        else:
            found[f"{path}/{key}"] = value
    return opened


def _open_array(plan: _Items, data: list[Any], path: str, found: dict[str, Any]) -> list[Any]:
    opened: list[Any] = []
    step = plan.each
    for index, value in enumerate(data):
        if type(step) is _Fields and type(value) is dict:
            opened.append(_open_object(step, value, f"{path}/{index}", found))
        elif type(step) is _Items and type(value) is list:
            opened.append(_open_array(step, value, f"{path}/{index}", found))
        else:
            found[f"{path}/{index}"] = value
            opened.append(None)
    return opened


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if type(value) is list:
        return [_copied(item) for item in value]
    return value


@cache
def _plan_of_model(model_type: type[BaseModel]) -> _Fields:
    plans = {
        name: plan
        for name, field in model_type.model_fields.items()
        if (plan := _plan_of(field.annotation, field.metadata)) is not None
    }
    return _Fields(plans)


def _plan_of(annotation: Any, metadata: Iterable[Any] = ()) -> _Plan | None:
    if any(isinstance(mark, Personal) for mark in metadata):
        return _Leaf()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _plan_of(arguments[0], arguments[1:])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        plan = _plan_of_model(annotation)
        return plan if plan.by_name else None
    inner = _merged(found for argument in arguments if (found := _plan_of(argument)) is not None)
    if inner is None or origin in (Union, UnionType):
        return inner
    # An array of personal values, and a mapping with any inside, is one personal value.
    return _Items(inner) if origin in _ARRAYS and not isinstance(inner, _Leaf) else _Leaf()


def _merged(plans: Iterable[_Plan]) -> _Plan | None:
    merged: _Plan | None = None
    for plan in plans:
        merged = plan if merged is None else _either(merged, plan)
    return merged


def _either(one: _Plan, other: _Plan) -> _Plan:
    if isinstance(one, _Fields) and isinstance(other, _Fields):
        both = {**one.by_name, **other.by_name}
        for name in one.by_name.keys() & other.by_name.keys():
            both[name] = _either(one.by_name[name], other.by_name[name])
        return _Fields(both)
    if isinstance(one, _Items) and isinstance(other, _Items):
        return _Items(_either(one.each, other.each))
    return _Leaf()


def _patterns(plan: _Plan, path: str) -> Iterable[str]:
    match plan:
        case _Leaf():
            yield path
        case _Fields(by_name):
            for name, step in by_name.items():
                yield from _patterns(step, f"{path}/{name}")
        case _Items(each):
            yield from _patterns(each, f"{path}/*")
