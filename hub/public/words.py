"""The texts of the page, by key, in both languages (pure but for reading them once)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Literal

from hub.regulation.clock import in_viet_nam

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@cache
def texts() -> Mapping[str, Mapping[Language, str]]:
    """All of them; read once per process."""
    found: Mapping[str, Mapping[Language, str]] = tomllib.loads(
        (files("hub.public") / "texts.toml").read_text(encoding="utf-8")
    )
    return found


def say(key: str, language: Language, **values: str) -> str:
    """One text, filled; KeyError for one that is not there."""
    return texts()[key][language].format(**values)


def moment(at: datetime, language: Language) -> str:
    """`17:00 ngày 06/01/2026`, as clocks of Viet Nam show it."""
    local = in_viet_nam(at)
    return f"{local:%H:%M} ngày {local:%d/%m/%Y}" if language == "vi" else f"{local:%H:%M on %d/%m/%Y}"


def amount(dong: int) -> str:
    """`20.000`."""
    return f"{dong:,}".replace(",", ".")
