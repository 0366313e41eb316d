"""What the hub and its site have to know of this adapter; importing it costs nothing."""

from __future__ import annotations

from hub.delivery.declaration import AdapterDeclaration

DECLARATION = AdapterDeclaration(
    name="notices",
    role="notifier",
    settings_prefix="HUB_NOTICES_",
    factory="adapters.notices.app:build",
)
