"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from hub.delivery.declaration import AdapterDeclaration

DECLARATION = AdapterDeclaration(
    name="postal",
    role="postal",
    settings_prefix="HUB_POSTAL_",
    factory="adapters.postal.app:build",
)
