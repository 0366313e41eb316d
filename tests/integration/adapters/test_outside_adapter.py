"""An adapter from outside the repository: installed, set up, run and watched, the core as it is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Client
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.tax_office_site import TaxOffice, environment_with_adapter
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

LIMIT_S = 30


@dataclass(frozen=True, slots=True)
class Site:
    """The hub with the adapter at work; `python` is the interpreter that has its package."""

    hub: Hub
    counter: Client
    population: Client
    office: TaxOffice
    adapter: HubProcess
    python: str
    environment: dict[str, str]

    async def command(self, *arguments: str) -> str:
        """Run `hub ...` where the package is installed; it has to succeed."""
        status, said = await hub_command(self.environment, *arguments, python=self.python)
        assert status == 0, said
        return said

    async def forwarded(self, name: str, reference: str) -> str:
        """A dossier of this person is lodged, accepted and forwarded to the agency; its id."""
        body = submission(applicant=APPLICANT | {"name": name})
        dossier = await self.taken(SUBMIT, f"ref:{reference}", body)
        await self.taken(VERIFY, dossier, verification(body["applicant"]))
        check = (await self.population.fact("identity.check_requested", dossier)).data["check"]
        await self.population.ask(REPORT_IDENTITY, dossier, identity_report(check))
        await self.taken(ACCEPT, dossier, acceptance())
        return await self.taken(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})

    async def taken(self, request: str, subject: str, body: dict[str, Any]) -> str:
        """A request of the counter that the hub accepts; its dossier."""
        receipt = await self.counter.ask(request, subject, body)
        assert receipt.type == "onestop.receipt.accepted.v1", receipt.data
        return receipt.key

    async def delivery(self, dossier: str, state: str) -> str:
        """The delivery of a dossier, once it is in this state; its id."""
        query = "select id from delivery where adapter = 'tax-office' and dossier = $1 and state = $2"

        async def is_there() -> bool:
            return await self.hub.database.fetchval(query, dossier, state) is not None

        await eventually(is_there, LIMIT_S, f"a delivery to be {state}", self.adapter.output)
        found: str = await self.hub.database.fetchval(query, dossier, state)
        return found

    async def kept(self) -> set[str]:
        """The dossiers in the adapter's own table."""
        rows = await self.hub.database.fetch("select dossier from tax_office_notice")
        return {row["dossier"] for row in rows}


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("outside")
    python = await environment_with_adapter(folder)
    office = TaxOffice()
    async with own_hub(stack, folder) as hub:
        with office.opened():
            yield await started(hub, office, python)


async def started(hub: Hub, office: TaxOffice, python: str) -> Site:
    common = hub.environment | {"HUB_TAX_OFFICE_URL": office.url, "HUB_CHECK_EVERY_S": "1"}
    administrator = common | {
        "HUB_KAFKA__USER": hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": hub.address.kafka_admin_password,
    }
    of_hub = ("--user", hub.user, "--partitions", str(hub.partitions))
    status, said = await hub_command(administrator, "setup", *of_hub, python=python)
    assert status == 0, said
    assert re.findall(r"applied (tax-office/\S+)", said) == [
        "tax-office/0001_notice.sql",
        "tax-office/0002_dossier.sql",
    ]
    joining = ("participants", "add", "tax-office", "--role", "agency", "--organisation", AGENCY)
    status, said = await hub_command(administrator, *joining, "--partitions", "2", python=python)
    assert status == 0, said
    password = re.search(r"sasl\.password=(\S+)", said)
    assert password is not None, said
    own = {
        "HUB_KAFKA__USER": f"{hub.prefix}tax-office",
        "HUB_KAFKA__PASSWORD": password[1],
        "HUB_DELIVERY__RETRY_BASE_S": "0.1",
        "HUB_DELIVERY__RETRY_CAP_S": "0.2",
        "HUB_DELIVERY__CIRCUIT_FAILURES": "1000",
    }
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    population = await hub.join("population", ["population"])
    engine = HubProcess("engine", "engine-1", common, hub.folder, python=python)
    adapter = HubProcess(
        "adapter", "tax-office", common | own, hub.folder, python=python, adapter="tax-office"
    )
    for process in (engine, adapter):
        hub.processes.append(process)
        process.start()
    for process in (engine, adapter):
        await process.ready()
    return Site(hub, counter, population, office, adapter, python, administrator)


async def test_a_message_is_delivered_once_and_the_hub_is_told(site: Site) -> None:
    dossier = await site.forwarded("Nguyễn Văn Thử", "HS-1")
    received = await site.counter.fact("dossier.received", dossier, LIMIT_S)
    assert received.data["officer"]["account"] == "tax-office"
    assert site.office.taken.count(await site.delivery(dossier, "delivered")) == 1


async def test_what_the_office_refuses_is_listed_with_its_code_and_is_not_received(site: Site) -> None:
    site.office.manners["Trần Thị Mẫu"] = "refuse"
    dossier = await site.forwarded("Trần Thị Mẫu", "HS-2")
    delivery = await site.delivery(dossier, "rejected")
    assert "tax_office.no_debt" in await site.command("deliveries", "list", "tax-office")
    assert delivery not in site.office.taken
    assert site.counter.facts("dossier.received", dossier) == []


async def test_an_unknown_outcome_is_settled_by_an_operator_and_nothing_goes_out_twice(site: Site) -> None:
    site.office.manners["Lê Văn Mẫu"] = "take_and_cut"
    site.office.is_silent = True
    dossier = await site.forwarded("Lê Văn Mẫu", "HS-3")
    delivery = await site.delivery(dossier, "unknown")
    assert delivery in await site.command("deliveries", "list", "tax-office", "--state", "unknown")
    who = ("--operator", "op-1", "--reason", "asked by telephone", "--yes")
    await site.command("deliveries", "settle", "tax-office", delivery, "--as", "delivered", *who)
    await site.counter.fact("dossier.received", dossier, LIMIT_S)
    site.office.is_silent = False
    assert site.office.taken.count(delivery) == 1


async def test_the_erasure_of_a_dossier_empties_its_table_and_leaves_the_neighbours(site: Site) -> None:
    gone = await site.forwarded("Phạm Thị Xóa", "HS-4")
    stays = await site.forwarded("Đỗ Văn Ở", "HS-5")
    for dossier in (gone, stays):
        await site.delivery(dossier, "delivered")
    assert await site.kept() >= {gone, stays}
    await site.command("erase", gone, "--operator", "op-1", "--reason", "a court's order", "--yes")
    assert gone not in await site.kept()
    assert stays in await site.kept()


async def test_it_is_watched_as_every_adapter_is_and_its_own_check_with_it(site: Site) -> None:
    shown = await site.adapter.metrics()
    assert 'hub_check_failed{check="tax-office"} 0.0' in shown
    assert 'hub_effects_applied_total{adapter="tax-office"}' in shown
    assert "ok      tax-office: every notice names its taxpayer" in await site.command("doctor")
    await site.hub.database.execute("insert into tax_office_notice values ('m-0', 'd-0', '')")

    async def is_told() -> bool:
        return 'hub_check_failed{check="tax-office"} 1.0' in await site.adapter.metrics()

    await eventually(is_told, LIMIT_S, "the check to fail", site.adapter.output)
    status, said = await hub_command(site.environment, "doctor", python=site.python)
    assert (status, "failed  tax-office: 1 notices name nobody; ask the tax office" in said) == (1, True)
    await site.hub.database.execute("delete from tax_office_notice where message = 'm-0'")


async def test_where_its_package_is_not_installed_its_variables_are_unknown_and_nothing_is_erased(
    site: Site,
) -> None:
    status, said = await hub_command(site.environment, "doctor")
    assert (status, "HUB_TAX_OFFICE_URL: no such setting" in said) == (2, True)
    without = {name: text for name, text in site.environment.items() if name != "HUB_TAX_OFFICE_URL"}
    who = ("--operator", "op-1", "--reason", "a court's order", "--yes")
    status, said = await hub_command(without, "erase", "00000000-0000-0000-0000-000000000000", *who)
    assert (status, "tax-office: this adapter has tables here and is not installed" in said) == (1, True)
