"""Organisations are imported beside a running engine, which goes by them from its next look on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

AGENCY = "000.12.35.H07"
FIELDS = "code,kind,level,parent,name_vi,in_force_from,in_force_until,successors"
OFFICE = "H07.01,office,province,,Văn phòng Ủy ban nhân dân tỉnh,2020-01-01,,"
CENTRE = f"{ONE_STOP},centre,province,H07.01,Trung tâm Phục vụ hành chính công tỉnh,2020-01-01,,"
DEPARTMENT = f"{AGENCY},department,province,,Sở Mẫu,2020-01-01,2021-01-01,H07.02"
SUCCESSOR = "H07.02,department,province,,Sở Mẫu Mới,2021-01-01,,"


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path_factory.mktemp("registers"), partitions=1) as opened:
        await opened.start_engine()
        yield opened


async def test_organisations_are_imported_as_a_whole_and_rule_what_comes_from_then_on(
    hub: Hub, tmp_path: Path
) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    assert (await counter.ask(SUBMIT, "ref:hs-1", submission())).type == RECEIPT_ACCEPTED

    file = tmp_path / "organisations.csv"
    file.write_text("\n".join((FIELDS, OFFICE, CENTRE.replace("centre", "center"), DEPARTMENT)))
    status, output = await hub_command(hub.environment, "organisations", "import", str(file), *SURE)
    assert status != 0
    assert "line 3: kind" in output
    assert "not in this file" not in output  # how records fit is asked when each is right
    assert await hub.database.fetchval("select count(*) from register_edition") == 0

    file.write_text(f"{FIELDS}\n{OFFICE}\n{CENTRE}\n{DEPARTMENT}\n{SUCCESSOR}")
    status, output = await hub_command(hub.environment, "organisations", "import", str(file), *SURE)
    assert (status, "imported as edition 1: 4 added" in output) == (0, True), output
    assert "warning: 000.12.34.H07: 4.1" in output
    recorded = await hub.database.fetchrow(
        "select action, reason from operator_action where target = 'organisations/1'"
    )
    assert recorded is not None
    assert (recorded["action"], bool(recorded["reason"])) == ("organisations.imported", True)

    number = 1

    async def is_refused() -> bool:
        nonlocal number
        number += 1
        receipt = await counter.ask(SUBMIT, f"ref:hs-{number}", submission())
        if receipt.type == RECEIPT_ACCEPTED:
            return False
        assert receipt.data["code"] == "organisation.ended"
        assert receipt.data["possible"] == ["H07.02"]
        return True

    await eventually(is_refused, 30, "an engine that goes by the import")

    status, output = await hub_command(hub.environment, "organisations", "show", AGENCY)
    assert (status, "H07.02" in output) == (1, True)
    exported = tmp_path / "exported.json"
    assert (await hub_command(hub.environment, "organisations", "export", str(exported)))[0] == 0
    assert len(json.loads(exported.read_text())["organisations"]) == 4
    status, output = await hub_command(hub.environment, "organisations", "import", str(exported), *SURE)
    assert (status, "nothing was imported" in output) == (0, True)

    file.write_text(f"{FIELDS}\n{OFFICE}\n{CENTRE}")
    assert (await hub_command(hub.environment, "organisations", "import", str(file), *SURE))[0] == 0
    assert (await hub_command(hub.environment, "organisations", "show", "H07.02"))[0] == 1
    await hub.database.execute("update register_edition set content = content || ' ' where number = 2")
    status, output = await hub_command(hub.environment, "organisations", "show", "H07.02")
    assert status == 0, output  # in place of one that the hub has not written so, the one before it counts


async def test_a_roster_is_imported_and_shown_as_it_is_published(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "officers.csv"
    fields = "account,name,title,organisation,level,phone,in_force_from"
    file.write_text(
        f"{fields}\ncanbo.mau,Lê Thị Thí Dụ,Công chức,{ONE_STOP},province,0900000001,2020-01-01\n"
    )
    status, output = await hub_command(hub.environment, "roster", "import", str(file), *SURE)
    assert (status, "imported as edition 1: 1 added" in output) == (0, True), output
    assert "warning: 000.12.34.H07 canbo.mau: 8.1.c" in output
    status, output = await hub_command(hub.environment, "roster", "show", ONE_STOP, "--public")
    assert status == 0
    assert "Lê Thị Thí Dụ" in output
    assert "canbo.mau" not in output
    status, output = await hub_command(hub.environment, "roster", "diff", str(file))
    assert (status, "canbo.mau" in output) == (0, False)


async def test_the_catalogue_is_published_by_an_officer_and_delegations_are_counted_on_record(
    hub: Hub, tmp_path: Path
) -> None:
    file, given = tmp_path / "officers.csv", tmp_path / "delegations.csv"
    file.write_text(
        "account,name,title,organisation,level,in_force_from\n"
        f"canbo.mau,Lê Thị Thí Dụ,Trưởng phòng,{ONE_STOP},province,2020-01-01\n"
    )
    given.write_text(
        "account,organisation,provision,principal,deed,in_force_from\n"
        f"canbo.mau,{ONE_STOP},6.2.c,Giám đốc,QĐ 01/2026,2026-01-01\n"
    )
    by = (str(file), "--delegations", str(given), *SURE)
    assert (await hub_command(hub.environment, "roster", "import", *by))[0] == 0
    status, text = await hub_command(hub.environment, "catalogue", "diff")
    assert (status, "1.004873 in d217e9aeceea64a4" in text) == (0, True), text
    decision = ("--operator", "operator-1", "--reason", "Quyết định 12/QĐ-UBND", "--yes")
    status, text = await hub_command(hub.environment, "catalogue", "publish", *decision)
    assert (status, "imported as edition 1" in text) == (0, True), text
    status, text = await hub_command(hub.environment, "catalogue", "publish", *decision)
    assert (status, "nothing was imported" in text) == (0, True), text
    status, text = await hub_command(hub.environment, "catalogue", "diff")
    assert (status, "1.004873" in text) == (0, False), text
    status, text = await hub_command(hub.environment, "catalogue", "show", "1.004873", "--json")
    assert (status, {one["procedure"] for one in json.loads(text)}) == (0, {"1.004873"}), text
    status, text = await hub_command(hub.environment, "catalogue", "editions", "--json")
    assert [one["reason"] for one in json.loads(text)] == ["Quyết định 12/QĐ-UBND"]

    async def is_on_record() -> bool:
        found = await hub.database.fetch(
            "select convert_from(bytes, 'UTF8')::jsonb -> 'data' as data from fact "
            "where type = 'onestop.register.changed.v1'"
        )
        facts = [json.loads(row["data"]) for row in found]
        counted = {
            (fact["name"], one["name"]): one["records"] for fact in facts for one in fact.get("tables", ())
        }
        return (
            counted.get(("roster", "delegations")) == 1 and counted.get(("catalogue", "procedures"), 0) > 50
        )

    await eventually(is_on_record, 30, "the catalogue and the delegations as facts")
