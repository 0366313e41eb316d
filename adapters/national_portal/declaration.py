"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from importlib.resources import files

from adapters.national_portal.erasing import erase
from hub.delivery.declaration import AdapterDeclaration

DECLARATION = AdapterDeclaration(
    name="portal",
    role="portal",
    settings_prefix="HUB_PORTAL_",
    factory="adapters.national_portal.app:build",
    migrations=files("adapters.national_portal") / "migrations",
    erase=erase,
)
