"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Secret, Service, StandIn

_SERVICE = Service(
    settings={
        "HUB_POPULATION_SERVICE_URL": "${POPULATION_SERVICE_URL:-[sandbox]/csdldc/congdan}",
        "HUB_POPULATION_X_ROAD_CLIENT": "${POPULATION_X_ROAD_CLIENT:-VN/GOV/000.00.00.H07/hub}",
        "HUB_POPULATION_RIGHTS_FILE": "[files]/${POPULATION_RIGHTS:-population-rights.json}",
    },
    secrets={
        "HUB_POPULATION_USER": Secret("population_user", "sandbox-user"),
        "HUB_POPULATION_SECRET_KEY": Secret("population_secret_key", "sandbox-secret"),
    },
    files=(
        "adapters/population_db/site/population-rights.json",
        "adapters/population_db/site/population-rights.sandbox.json",
    ),
    sandbox=StandIn(
        "adapters.population_db.sandbox",
        8081,
        choices={"POPULATION_RIGHTS": "population-rights.sandbox.json"},
        pages={"persons whom population knows": "/_people"},
        licences="adapters/population_db/site/population-rights.sandbox.json",
    ),
)

DECLARATION = AdapterDeclaration(
    name="population",
    role="population",
    settings_prefix="HUB_POPULATION_",
    factory="adapters.population_db.app:build",
    service=_SERVICE,
)
