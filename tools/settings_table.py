"""Writes `docs/settings.md` from the settings classes: `python -m tools.settings_table [--check]`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

import adapters
from tools.generated_page import table, write_or_check

PAGE = Path("docs/settings.md")
_INTRODUCTION = """\
# Settings

Every process reads its settings once, at its start, from environment variables. A part of a nested setting
stands after two underscores; lists and tables are JSON. A wrong or missing one ends the process with status 2
and one line that names it. A secret is never shown, neither here nor in a log.
"""
_TITLES = {
    "hub.settings": "Core",
    "hub.delivery.role": "Every adapter process",
    "hub.typesetter.settings": "Papers (`hub.typesetter`)",
}
_OUTSIDE = """\
## Of the command line and the tests

| variable | default | meaning |
| --- | --- | --- |
| `HUB_HOME` | `./var` | where the embedded stack keeps data, logs and passwords |
| `HUB_CACHE` | `$HUB_HOME/cache` | where the Kafka jars are kept; may be shared by several homes |
| `HUB_CRASH_AT` | - | for tests of crashes only: the named point at which the process kills itself |
"""


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Each settings class below its module: the core's first, then the adapters' by name."""
    names = sorted(f"{part.name}.settings" for part in pkgutil.iter_modules(adapters.__path__, "adapters."))
    of_adapters = [name for name in names if importlib.util.find_spec(name) is not None]
    found: dict[str, type[BaseSettings]] = {}
    for name in ("hub.settings", "hub.delivery.role", *of_adapters, "hub.typesetter.settings"):
        module = importlib.import_module(name)
        for item in vars(module).values():
            is_class = isinstance(item, type) and issubclass(item, BaseSettings)
            if is_class and item.__module__ == name:
                found[name] = item
    return found


def rows(
    model: type[BaseModel], prefix: str, *, is_optional: bool = False
) -> Iterator[tuple[str, str, str, str]]:
    """Variable, type, default and meaning of each setting; nested models are gone through.

    `is_optional`: the whole model may be missing, then nothing of it is required.
    """
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        nested = _nested(field.annotation)
        if nested is not None:
            yield from rows(nested, f"{variable}__", is_optional=nested is not field.annotation)
            continue
        default = "**required** with the others" if is_optional and field.is_required() else _default(field)
        yield f"`{variable}`", _type_name(field.annotation), default, _meaning(field)


def page() -> str:
    """The page below its first line."""
    parts = [_INTRODUCTION]
    for module, cls in settings_classes().items():
        title = _TITLES.get(module) or f"Adapter {module.split('.')[1]}"
        prefix = cls.model_config.get("env_prefix", "")
        head = ("variable", "type", "default", "meaning")
        parts.append(f"## {title} (`{module}`)\n\n{table(head, rows(cls, prefix))}")
    return "\n".join([*parts, _OUTSIDE])


def _nested(annotation: Any) -> type[BaseModel] | None:
    choices = [choice for choice in typing.get_args(annotation) if choice is not types.NoneType]
    alone = (
        choices[0]
        if typing.get_origin(annotation) in (Union, types.UnionType) and len(choices) == 1
        else annotation
    )
    return alone if isinstance(alone, type) and issubclass(alone, BaseModel) else None


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(choice) for choice in arguments if choice is not types.NoneType)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin is not None:
        inner = ", ".join(_type_name(argument) for argument in arguments if argument is not Ellipsis)
        return f"JSON {origin.__name__} of {inner}"
    if annotation is SecretStr:
        return "secret"
    name = str(annotation.__name__)
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "-"
    if isinstance(value, Path) and value.is_absolute():
        return f"`{value.relative_to(Path.cwd())}` of the package"
    if isinstance(value, frozenset | set):
        value = sorted(value)
    return f"`{value}`" if value not in ("", {}, [], ()) else "empty"


def _meaning(field: FieldInfo) -> str:
    bounds = [
        f"{word} {getattr(limit, attribute)}"
        for limit in field.metadata
        for attribute, word in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
        if hasattr(limit, attribute)
    ]
    return (field.description or "") + (f" ({', '.join(bounds)})" if bounds else "")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, "tools.settings_table", page(), sys.argv[1:]))
