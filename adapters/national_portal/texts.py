"""The catalogue of business answers, and of what the portal is shown."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

Key = Literal[
    "rejected", "progress_rejected", "progress_unknown", "no_procedure", "no_record", "bad_code", "bad_fact",
    "gave_up",
]  # fmt: skip
StepKey = Literal[
    "submitted", "accepted", "declined", "forwarded", "assigned", "progressed", "supplement_requested",
    "supplemented", "withdrawn", "issued", "returned", "apologised", "rescheduled", "moved",
    "payment_requested", "payment_paid", "payment_refused",
]  # fmt: skip
DoorKey = Literal[
    "unknown_dossier", "bad_request", "bad_field", "duplicate", "unknown_service", "bad_signature",
    "unknown_payment", "wrong_amount", "unavailable", "ok",
]  # fmt: skip

_CATALOGUE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
_MAX_LENGTH = 250


def text_pair(key: Key, **values: str) -> tuple[str, str]:
    """The Vietnamese and the English text, each at most 250 characters."""
    texts = _CATALOGUE[key]
    return texts["vi"].format(**values)[:_MAX_LENGTH], texts["en"].format(**values)[:_MAX_LENGTH]


def step_text(key: StepKey, words: str = "") -> str:
    """What the portal is shown of a step."""
    return str(_CATALOGUE["progress"][key]["vi"]).format(words=words)


def door_text(key: DoorKey, **values: str) -> str:
    """What a caller of our door is told."""
    return str(_CATALOGUE["door"][key]["vi"]).format(**values)


def door_answer(key: DoorKey, *, code: str = "-1", **values: str) -> dict[str, str]:
    """The envelope of an answer that brings nothing."""
    return {"error_code": code, "message": door_text(key, **values)}
