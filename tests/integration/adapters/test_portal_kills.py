"""The portal adapter's process is killed in the middle of its calls: nothing is lost, no line comes twice."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.contract.portal_world import NAMES, RECORD_KEY
from tests.integration.adapters.test_portal_adapter import accepted, shown
from tests.support.portal_site import Site, portal_site
from tests.support.processes import HubProcess
from tests.support.requests import AGENCY, FORWARD, OFFICER, ONE_STOP
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


def adapter_process(site: Site, folder: Path) -> HubProcess:
    """`hub run adapter portal`, found by its entry point."""
    environment = {
        **site.hub.environment,
        "HUB_KAFKA__USER": site.kafka.user,
        "HUB_KAFKA__PASSWORD": site.kafka.password.get_secret_value(),
        "HUB_DELIVERY__CALL_TIMEOUT_S": "4",
        "HUB_DELIVERY__LEASE_MARGIN_S": "0.5",
        "HUB_DELIVERY__RETRY_BASE_S": "0.1",
        "HUB_DELIVERY__SESSION_TIMEOUT_MS": "3000",
        "HUB_PORTAL_BASE_URL": site.portal.base,
        "HUB_PORTAL_USERNAME": "sandbox",
        "HUB_PORTAL_PASSWORD": "sandbox-password",
        "HUB_PORTAL_UNIT": "000.00.00.H07",
        "HUB_PORTAL_RECORD_KEY": RECORD_KEY,
        "HUB_PORTAL_UNIT_NAMES": json.dumps(NAMES),
        "HUB_PORTAL_ONE_STOP": ONE_STOP,
        "HUB_PORTAL_TOTAL_TIMEOUT_S": "3",
        "HUB_PORTAL_SETTLING_S": "0",
    }
    process = HubProcess("adapter", "adapter-portal", environment, folder)
    process._command = [sys.executable, "-m", "hub.cli.main", "run", "adapter", "portal"]
    site.hub.processes.append(process)
    return process


@pytest.mark.parametrize(
    ("operation", "progress"), [("DongBoHoSoMC", "delivered"), ("CapNhatTienDoHoSoMC", "unknown")]
)
async def test_an_adapter_killed_during_a_call_goes_on_without_a_second_effect(
    stack: StackAddress, tmp_path: Path, operation: str, progress: str
) -> None:
    async with portal_site(stack, tmp_path) as site:
        await site.portal.script("timeout_after_effect", operation)
        process = adapter_process(site, tmp_path)
        process.start()
        dossier, code = await accepted(site)
        effect = "insert" if operation == "DongBoHoSoMC" else "line 2"
        await eventually(lambda: effect in site.portal.entries(code), 20, f"the {effect}", process.output)
        await process.kill()
        process.start()
        await site.counter.ask(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
        await shown(site, code, "2", "4")
        assert site.portal.entries(code).count("insert") == 1
        assert site.portal.entries(code).count("line 2") == 1
        await eventually(lambda: len(site.counter.facts("sync.recorded", dossier)) == 2, 20, "both syncs")
        assert [fact.data["outcome"] for fact in site.counter.facts("sync.recorded", dossier)] == [
            progress,
            "delivered",
        ]
        assert await process.stop() == 0


async def test_a_hang_up_does_not_end_an_adapter(stack: StackAddress, tmp_path: Path) -> None:
    async with portal_site(stack, tmp_path) as site:
        process = adapter_process(site, tmp_path)
        process.start()
        await process.ready()
        process.signal(signal.SIGHUP)
        await eventually(
            lambda: bool(process.actions("certificates_looked_at")), 10, "a look", process.output
        )
        await process.ready()

        async def has_door() -> bool:
            return 'hub_http_connections{door="portal"}' in await process.metrics()

        await eventually(has_door, 10, "the portal's door", process.output)
        assert await process.stop() == 0
