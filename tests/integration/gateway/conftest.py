"""One hub with an engine and a gateway for all tests of the door; each test has participants of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.embedded.stack import StackAddress
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hubs import own_hub
from tests.support.requests import AGENCY, ONE_STOP


@pytest.fixture(scope="session")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("gateway")
    async with own_hub(stack, folder, environment="test") as hub:
        await hub.start_engine()
        limits = {
            "HUB_GATEWAY__BODY_TIMEOUT_S": "1.5",
            "HUB_GATEWAY__HEADER_TIMEOUT_S": "1.5",
            "HUB_GATEWAY__IDLE_TIMEOUT_S": "1.5",
            "HUB_GATEWAY__MAX_BODY_BYTES": "1000000",
            "HUB_GATEWAY__REQUESTS_PER_S": "20",
            "HUB_GATEWAY__BURST": "300",
            "HUB_GATEWAY__MAX_FEEDS": "3",
            "HUB_GATEWAY__WEBHOOK_ALLOWED": '["127.0.0.0/8"]',
            "HUB_DOCUMENTS__MAX_BYTES": "3000000",
        }
        async with own_site(hub, folder, **limits) as opened:
            yield opened


@pytest.fixture(scope="module")
async def counter(site: Site, request: pytest.FixtureRequest) -> Visitor:
    """A one-stop of this module, known to the engine already."""
    name = request.module.__name__.rsplit("_", 1)[-1]
    return await site.join(f"counter-{name}", ["counter"], [ONE_STOP])


@pytest.fixture(scope="module")
async def agency(site: Site, request: pytest.FixtureRequest) -> Visitor:
    """The competent agency, over HTTPS as well."""
    name = request.module.__name__.rsplit("_", 1)[-1]
    return await site.join(f"agency-{name}", ["agency"], [AGENCY])
