"""Wiring: the adapter from its settings, for `hub run adapter notices`."""

from __future__ import annotations

from adapters.notices.adapter import NoticesAdapter
from adapters.notices.settings import NoticesSettings
from hub.delivery.documents import stored_files


def build() -> NoticesAdapter:
    """Read `HUB_NOTICES_*`; raises pydantic's `ValidationError` or `StartupError` for what is wrong.

    With `HUB_NOTICES_ATTACH_WAIT_S` the store of documents (`HUB_DOCUMENTS__*`) is opened too.
    """
    settings = NoticesSettings()
    return NoticesAdapter(settings, stored_files() if settings.attach_wait_s is not None else None)
