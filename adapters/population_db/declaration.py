"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from hub.delivery.declaration import AdapterDeclaration

DECLARATION = AdapterDeclaration(
    name="population",
    role="population",
    settings_prefix="HUB_POPULATION_",
    factory="adapters.population_db.app:build",
)
