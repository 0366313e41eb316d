"""Texts for officers and operators, from `texts.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from hub.delivery.outcome import Rejected


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def reject(key: str, **values: str) -> Rejected:
    """A refusal with its reason in both languages."""
    return Rejected(f"notices.{key}", *pair(key, **values))


def pair(key: str, **values: str) -> tuple[str, str]:
    """The Vietnamese and the English text."""
    found = _texts()[key]
    return found["vi"].format(**values)[:250], found["en"].format(**values)[:250]
