"""Test support: the population adapter as a process beside a hub, and what came of its questions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.contract.population_world import SANDBOX_CONFIG, Control
from tests.support.hubs import Hub
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, PROCEDURE


def answers(sandbox: Control) -> int:
    """How many questions the sandbox has answered."""
    return sum(entry["kind"] == "effect" for entry in sandbox.journal())


async def reported(hub: Hub, count: int) -> bool:
    """Whether so many reports of the adapter have been taken."""
    found = await hub.database.fetchval("select count(*) from inbox where participant = 'population'")
    return bool(found == count)


async def population_adapter(
    hub: Hub, service_url: str, signed_url: str, folder: Path, **settings: str
) -> HubProcess:
    """The adapter as a process of its own, registered as the hub's participant."""
    password = await hub.register("population", ["population"])
    rights = {
        "licences": {PROCEDURE: {}},
        "agencies": {ONE_STOP: ONE_STOP},
        "officers": {"can-bo-thu": {"number": "cb.gia-lap.01", "organisations": [ONE_STOP]}},
    }
    (folder / "rights.json").write_text(json.dumps(rights), encoding="utf-8")
    environment = (
        hub.environment
        | {
            "HUB_KAFKA__USER": f"{hub.prefix}population",
            "HUB_KAFKA__PASSWORD": password,
            "HUB_POPULATION_SERVICE_URL": service_url,
            "HUB_POPULATION_SIGNED_URL": signed_url,
            "HUB_POPULATION_USER": SANDBOX_CONFIG["user"],
            "HUB_POPULATION_SECRET_KEY": SANDBOX_CONFIG["secret"],
            "HUB_POPULATION_X_ROAD_CLIENT": SANDBOX_CONFIG["x_road_client"],
            "HUB_POPULATION_API_KEY": SANDBOX_CONFIG["api_key"],
            "HUB_POPULATION_RIGHTS_FILE": str(folder / "rights.json"),
            "HUB_POPULATION_RETRY_S": "1",
            "HUB_DELIVERY__CIRCUIT_OPEN_S": "5",
            "HUB_DELIVERY__CIRCUIT_MAX_OPEN_S": "5",
            "HUB_DELIVERY__MAX_ATTEMPTS": "100",
        }
        | settings
    )
    process = start_another(hub, "population", environment, folder)
    await process.ready()
    return process


def start_another(hub: Hub, name: str, environment: dict[str, str], folder: Path) -> HubProcess:
    """A process of the adapter under this name, not waited for."""
    process = HubProcess("adapter", name, environment, folder, adapter="population")
    hub.processes.append(process)
    process.start()
    return process
