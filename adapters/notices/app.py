"""Wiring: the adapter from its settings, for `hub run adapter notices`."""

from __future__ import annotations

from adapters.notices.adapter import NoticesAdapter
from adapters.notices.settings import NoticesSettings


def build() -> NoticesAdapter:
    """Read `HUB_NOTICES_*`; raises pydantic's `ValidationError` or `StartupError` for what is wrong."""
    return NoticesAdapter(NoticesSettings())
