"""The catalogue of business answers, in Vietnamese and English."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

Key = Literal[
    "rejected", "announcement_rejected", "no_remote_cancel", "no_account", "bad_order", "unknown_province",
    "bad_fact", "never_left", "gave_up",
]  # fmt: skip

_CATALOGUE: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
)
_MAX_LENGTH = 250


def text_pair(key: Key, **values: str) -> tuple[str, str]:
    """The Vietnamese and the English text, each at most 250 characters."""
    texts = _CATALOGUE[key]
    return texts["vi"].format(**values)[:_MAX_LENGTH], texts["en"].format(**values)[:_MAX_LENGTH]
