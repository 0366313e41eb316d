"""Wiring: the portal adapter from its settings, for `hub run adapter portal`."""

from __future__ import annotations

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.tables import PARTICIPANT
from hub.delivery.documents import stored_files
from hub.delivery.other_codes import procedure_codes


def build() -> PortalAdapter:
    """Read `HUB_PORTAL_*`; raises pydantic's `ValidationError` for a wrong setting.

    Codes of procedures are those of the catalogue's completions for `portal`, and of the setting before them.
    With `HUB_PORTAL_LINKS__*` the store of documents (`HUB_DOCUMENTS__*`) is opened too: `StartupError`.
    """
    settings = PortalSettings()
    codes = procedure_codes(PARTICIPANT, settings.procedure_codes)
    settings = settings.model_copy(update={"procedure_codes": codes})
    return PortalAdapter(settings, stored_files() if settings.links is not None else None)
