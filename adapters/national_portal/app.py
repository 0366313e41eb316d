"""Wiring: the portal adapter from its settings, for `hub run adapter portal`."""

from __future__ import annotations

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import PortalSettings
from hub.delivery.documents import stored_files


def build() -> PortalAdapter:
    """Read `HUB_PORTAL_*`; raises pydantic's `ValidationError` for a wrong setting.

    With `HUB_PORTAL_LINKS__*` the store of documents (`HUB_DOCUMENTS__*`) is opened too: `StartupError`.
    """
    settings = PortalSettings()
    return PortalAdapter(settings, stored_files() if settings.links is not None else None)
