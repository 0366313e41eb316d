"""A new version of the law comes while dossiers are open: they go on under their own, in whichever engine."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from tests.support.clients import Client
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.lawbooks import (
    DATA,
    NEXT_REF,
    SHIPPED_CATALOGUE,
    SHIPPED_REF,
    changed,
    law_folder,
    with_next_version,
)
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    CHECK,
    FORWARD,
    OFFICER,
    ONE_STOP,
    SUBMIT,
    acceptance,
    hand_check,
    submission,
)
from tests.support.waiting import eventually

FOREIGNER = {"kind": "citizen", "name": "JANE SAMPLE", "travel_document": "X0000001"}
FORWARDING = {"officer": OFFICER, "to": AGENCY}
FIRST, SECOND = SHIPPED_REF, NEXT_REF


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path) as made:
        yield made


def today_calendar() -> str:
    return load_book().in_force(local_day(datetime.now(UTC))).calendar.version


async def lodged(counter: Client, reference: str) -> str:
    """A dossier of somebody whom the officer checks by hand."""
    receipt = await counter.ask(SUBMIT, f"ref:{reference}", submission(applicant=FOREIGNER))
    await counter.ask(CHECK, f"ref:{reference}", hand_check(FOREIGNER))
    return str(receipt.data["dossier"])


async def laws(hub: Hub, dossier: str) -> list[tuple[str, str]]:
    """Type and ruleset of each fact."""
    rows = await hub.database.fetch("select bytes from fact where dossier_id = $1 order by sequence", dossier)
    bodies: list[dict[str, Any]] = [orjson.loads(row["bytes"]) for row in rows]
    assert {(body["catalogue"], body["calendar"]) for body in bodies} == {
        (SHIPPED_CATALOGUE, today_calendar())
    }
    return [(body["type"].split(".")[2], body["ruleset"]) for body in bodies]


async def test_open_dossiers_go_on_under_their_own_law_when_a_release_brings_another(
    hub: Hub, tmp_path: Path
) -> None:
    """By version 2, in force from today, every paper has to be digitised before it is forwarded."""
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    agency = await hub.join("agency-a", ["agency"], [AGENCY])
    engine = await hub.start_engine()
    accepted, undecided = await lodged(counter, "accepted"), await lodged(counter, "undecided")
    assert (await counter.ask(ACCEPT, accepted, acceptance())).data["facts"]
    assert await engine.stop() == 0

    folder = with_next_version(tmp_path / "law", local_day(datetime.now(UTC)), scan_scope='"all"')
    new = hub.engine("engine-2", HUB_REGULATION=str(folder))
    new.start()
    await new.ready()
    assert (await counter.ask(FORWARD, accepted, FORWARDING)).data["facts"]
    steps = ("submitted", "checked", "accepted", "forwarded")
    assert await laws(hub, accepted) == [(step, FIRST) for step in steps]
    later = await lodged(counter, "later")
    for dossier in (undecided, later):
        assert (await counter.ask(ACCEPT, dossier, acceptance())).data["facts"]
        assert (await counter.ask(FORWARD, dossier, FORWARDING)).data["code"] == "rule.15.6.c2"
    assert await laws(hub, undecided) == [(step, FIRST) for step in steps[:2]] + [("accepted", SECOND)]
    assert await laws(hub, later) == [(step, SECOND) for step in steps[:3]]
    told = await agency.fact("dossier.forwarded")
    assert told.headers["ce_ruleset"] == FIRST
    assert await new.stop() == 0

    status, said = await hub_command(hub.environment | {"HUB_REGULATION": str(folder)}, "verify")
    assert (status, said.splitlines()[-1].startswith("0 rows")) == (0, True), said


async def test_an_engine_without_the_law_of_a_dossier_leaves_it_to_one_that_has_it(
    hub: Hub, tmp_path: Path
) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    folder = with_next_version(tmp_path / "law", local_day(datetime.now(UTC)))
    new = hub.engine("engine-2", HUB_REGULATION=str(folder))
    new.start()
    await new.ready()
    dossier = await lodged(counter, "later")
    assert await new.stop() == 0

    old = await hub.start_engine()
    waiting = await counter.send(ACCEPT, dossier, acceptance())
    why = f"this program does not have version {SECOND} of the law"
    await eventually(
        lambda: any(line.get("why") == why for line in old.actions("row_untrusted")), 30, why, old.output
    )
    assert not counter.receipts(waiting)
    assert await old.stop() == 0
    new.start()
    await new.ready()
    assert (await counter.receipt(waiting)).data["facts"]


async def test_an_edited_file_of_the_law_ends_the_start_with_its_name(hub: Hub, tmp_path: Path) -> None:
    folder = with_next_version(tmp_path / "law", local_day(datetime.now(UTC)))
    (folder / "profiles" / f"{SECOND}.toml").write_text("", "utf-8")
    engine = hub.engine(HUB_REGULATION=str(folder))
    engine.start()
    assert await engine.ended() == 2
    assert f"profiles/{SECOND}.toml has e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" in (
        engine.output()
    )


async def test_an_operator_pins_new_versions_and_reads_which_is_in_force(hub: Hub, tmp_path: Path) -> None:
    folder = with_next_version(tmp_path / "law", local_day(datetime.now(UTC)))
    environment = hub.environment | {"HUB_REGULATION": str(folder)}
    (folder / "digests.lock").unlink()
    assert (await hub_command(environment, "law", "list"))[0] == 2
    assert await hub_command(environment, "law", "pin", str(folder)) == (0, f"profiles/{SECOND}.toml\n")
    status, said = await hub_command(environment, "law", "list")
    (today,) = [line for line in said.splitlines() if line.startswith("*")]
    assert (status, today.split()[2:6]) == (
        0,
        [SECOND, SHIPPED_CATALOGUE, today_calendar(), "45/2023/QĐ-UBND"],
    )
    assert today.split()[6:] == ["2030-12-31", "2027", "2028", "2029", "2030"]


def later_calendar(folder: Path, today: date) -> tuple[Path, str, date]:
    """Today's calendar as a new version with the next working day but one off; its name, and the day."""
    calendar = load_book().in_force(today).calendar
    off = calendar.working_day_after(today, 2)
    text = (DATA / f"calendars/{calendar.version}.toml").read_text("utf-8")
    series, _, number = calendar.version.partition(".")
    name = f"{series}.{int(number) + 1}"
    head, _, years = changed(text, f'version = "{calendar.version}"', f'version = "{name}"').partition(
        "[years."
    )
    begins = re.sub(r"in_force_from = \S+", f"in_force_from = {today}", head)
    year, mark, rest = f"[years.{years}".partition(f"[years.{off.year}]")
    first = rest.replace("days_off = [", f'days_off = [\n  {{ day = {off}, name = "Nghỉ bù" }},', 1)
    return law_folder(folder, **{f"calendars/{name}.toml": begins + year + mark + first}), name, off


async def test_an_operator_lets_open_dossiers_pass_over_to_a_later_calendar(hub: Hub, tmp_path: Path) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    portal = await hub.join("portal-a", ["portal"])
    old = await hub.start_engine()
    dossier = await lodged(counter, "moves")
    accepted = (await counter.ask(ACCEPT, dossier, acceptance())).data
    ended = await lodged(counter, "ended")
    await counter.ask("onestop.dossier.withdraw.v1", ended, {})
    due = (await counter.fact("dossier.accepted", dossier)).data["due_at"]
    assert await old.stop() == 0

    today = local_day(datetime.now(UTC))
    folder, name, off = later_calendar(tmp_path / "law", today)
    environment = hub.environment | {"HUB_REGULATION": str(folder)}
    status, said = await hub_command(environment, "law", "replan", "--calendar", name, "--show", "--json")
    rows = {row["limit"]: row for row in json.loads(said.splitlines()[0])}
    assert (status, rows["due"]["dossier"], f"{off} Nghỉ bù" in rows["due"]["days"]) == (
        0,
        accepted["code"],
        True,
    )
    new = hub.engine("engine-2", HUB_REGULATION=str(folder))
    new.start()
    await new.ready()
    order = ("law", "replan", "--calendar", name, "--operator", "Lê Văn Vận Hành", *SURE)
    for _ in range(2):  # ordered twice, done once
        status, said = await hub_command(environment, *order)
        assert (status, said.startswith("ordered for 1 dossiers") or "no open dossier" in said) == (0, True)
    moved = [(await client.fact("limit.moved", dossier)).data for client in (counter, portal)]
    told = [fact.data["timer"] for fact in counter.facts("limit.moved", dossier)]
    assert moved[1]["timer"] == "due", "the portal is told of the due time only"
    moments = [datetime.fromisoformat(at) for at in (due, moved[1]["old_due_at"], moved[1]["new_due_at"])]
    assert moments[0] == moments[1] < moments[2]
    assert sorted(told) == sorted({*told}) == sorted(rows)
    changed_to = (await counter.fact("calendar.changed", dossier)).data
    assert (changed_to["calendar"], changed_to["officer"]["name"]) == (name, "Lê Văn Vận Hành")
    assert not portal.facts("calendar.changed", dossier)
    status, said = await hub_command(environment, "law", "replan", "--calendar", name, "--show", "--json")
    assert (status, json.loads(said.splitlines()[0])) == (0, [])
    status, said = await hub_command(environment, "actions", "--json")
    assert f"calendar/{name}" in said
    status, said = await hub_command(environment, "verify")
    assert (status, said.splitlines()[-1].startswith("0 rows")) == (0, True), said
