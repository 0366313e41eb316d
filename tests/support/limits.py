"""Limits that run, and the hub's own request before they end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.dossier.state.matter import State
from schemas.due import FireTimer


def limits(story: Any) -> dict[str, datetime]:
    """The limits that run, by the names of their timers."""
    return {name: timer.due_at for name, timer in story.now.timers.items()}


def warning_of(state: State, name: str) -> FireTimer:
    """The hub's own request when the warning before this limit comes."""
    near_at = state.timers[name].near_at
    assert near_at is not None
    return FireTimer(timer=f"near:{name}", kind="near", due_at=near_at)
