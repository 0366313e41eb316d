"""Wiring: the postal adapter from its settings, for `hub run adapter postal`."""

from __future__ import annotations

from adapters.postal.adapter import PostalAdapter
from adapters.postal.settings import PostalSettings


def build() -> PostalAdapter:
    """Read `HUB_POSTAL_*`; raises pydantic's `ValidationError` for a wrong setting."""
    return PostalAdapter(PostalSettings())
