"""Texts for officers when a check could not be made: the catalogue `reasons.toml`, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from hub.delivery.outcome import Rejected
from schemas.identity import UnavailableCause

GAVE_UP: Final = "population.gave_up"


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code with its cause, and its text in Vietnamese and in English."""

    code: str
    cause: UnavailableCause
    vi: str
    en: str


@cache
def catalogue() -> dict[str, Reason]:
    """Every reason by its code."""
    text = files("adapters.population_db").joinpath("reasons.toml").read_text(encoding="utf-8")
    return {
        code: Reason(code, entry["cause"], entry["vi"], entry["en"])
        for code, entry in tomllib.loads(text).items()
    }


def reject(code: str) -> Rejected:
    """Return the outcome that ends a check as `unavailable` for the reason `code`."""
    reason = catalogue()[code]
    return Rejected(reason.code, reason.vi, reason.en)


def reason_for(why: str) -> Reason:
    """Return the reason named by `why`; words that the catalogue does not know mean that we gave up."""
    return catalogue().get(why) or catalogue()[GAVE_UP]
