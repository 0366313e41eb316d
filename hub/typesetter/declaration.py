"""What the hub and its site have to know of the role; it runs on the runtime of adapters."""

from __future__ import annotations

from importlib.resources import files

from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Service
from hub.typesetter.parked import checks, erase

DECLARATION = AdapterDeclaration(
    name="typesetter",
    role="typesetter",
    settings_prefix="HUB_TYPESETTER_",
    factory="hub.typesetter.app:build",
    migrations=files("hub.typesetter") / "migrations",
    erase=erase,
    checks=checks,
    service=Service(settings={}, reads_documents=True, opens_facts=True),
)
