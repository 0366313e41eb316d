"""One hub with an engine and a gateway for all tests of the door; each test has participants of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.signing.keys import SigningKey
from hub.signing.sandbox import Sandbox
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hubs import own_hub
from tests.support.requests import AGENCY, OFFICER, ONE_STOP


@dataclass(frozen=True, slots=True)
class Signer:
    """The officer of the one-stop, whom the engine trusts, and when its certificate begins."""

    trust: Path
    key: SigningKey
    now: datetime


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    now = datetime.now(UTC).replace(microsecond=0)
    made = Sandbox(now)
    officer = made.officer(OFFICER["account"], OFFICER["name"], ONE_STOP, "digitiser")
    folder = tmp_path_factory.mktemp("pki")
    made.write(folder, "x")
    return Signer(folder / "trust", officer.signing_key(), now)


@pytest.fixture(scope="session")
async def site(
    stack: StackAddress, signer: Signer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("gateway")
    async with own_hub(stack, folder, environment="test") as hub:
        engine = hub.engine(
            HUB_SIGNING__TRUST_FOLDER=str(signer.trust), HUB_DOCUMENTS__FOLDER=str(folder / "documents")
        )
        engine.start()
        await engine.ready()
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


@pytest.fixture(scope="session")
async def population_token(site: Site) -> str:
    """That of the one who checks identities for all organisations: there is one such participant in a hub."""
    return (await site.join("population-example", ["population"])).token


@pytest.fixture(scope="module")
async def population(site: Site, population_token: str) -> Visitor:
    """Who checks identities, at the address that the gateway has now: other modules start it anew."""
    return await site.visitor("population-example", population_token)
