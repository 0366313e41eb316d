"""Formula sets: what an indicator is made of, and its points; versioned data, refused whole if wrong."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from hub.regulation.toml_text import load_toml
from hub.reports.errors import ReportError
from hub.reports.measures import MEASURES

Kind = Literal["ratio", "complement", "mean_time"]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Indicator:
    """`numerator` over `denominator`, both sums of measures; a complement is one less that.

    `denominator_inputs` are numbers that the hub cannot know: the greatest counts, and without all of them
    there is no value. `full_at` is the value that earns all `points`.
    """

    number: str
    vi: str
    en: str
    numerator: tuple[str, ...] = ()
    denominator: str | None = None
    kind: Kind = "ratio"
    denominator_inputs: tuple[str, ...] = ()
    denominator_note: str = ""
    points: Annotated[float, Field(gt=0)] | None = None
    full_at: Annotated[float, Field(gt=0, le=1)] = 1.0


@dataclass(frozen=True, config=_STRICT)
class FormulaSet:
    """One version of the indicators."""

    id: str
    version: int
    decision: str
    dislike_most: Annotated[float, Field(ge=0, lt=1)]
    indicator: tuple[Indicator, ...]

    @property
    def ref(self) -> str:
        """As reports name it."""
        return f"{self.id}@{self.version}"

    @property
    def inputs(self) -> frozenset[str]:
        """Names of all numbers that are asked for."""
        return frozenset(name for one in self.indicator for name in one.denominator_inputs)

    def find(self, number: str) -> Indicator:
        """The indicator of this number; `ReportError` names those that there are."""
        for one in self.indicator:
            if one.number == number:
                return one
        known = ", ".join(one.number for one in self.indicator)
        raise ReportError(f"{self.ref} has no indicator {number}, it has {known}", "number")


@cache
def installed_formulas() -> dict[str, FormulaSet]:
    """Those that come with the hub, by `id@version`; `ReportError` with file and key for what is wrong."""
    found = {}
    for item in files("hub.reports").joinpath("formulas").iterdir():
        if item.name.endswith(".toml"):
            one = read_formulas(item.name, item.read_text(encoding="utf-8"))
            found[one.ref] = one
    return found


def read_formulas(name: str, text: str) -> FormulaSet:
    """One file; its name has to be that of its id and version."""
    try:
        found = TypeAdapter(FormulaSet).validate_python(load_toml(text))
    except tomllib.TOMLDecodeError as error:
        raise ReportError(f"{name}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ReportError(f"{name}: {wrong}") from error
    if name != f"{found.ref}.toml":
        raise ReportError(f"{name}: id and version say {found.ref}")
    for one in found.indicator:
        used = {*one.numerator, *([one.denominator] if one.denominator is not None else [])}
        if unknown := sorted(used - MEASURES.keys()):
            raise ReportError(f"{name}: indicator {one.number}: no measure {unknown[0]}")
        if (one.denominator is None) is not bool(one.denominator_inputs):
            raise ReportError(f"{name}: indicator {one.number}: one of denominator and denominator_inputs")
    return found
