"""`hub doctor`: one line a check, what to do, and an exit status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.embedded.stack import StackAddress
from hub.participants import upkeep
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.traffic import metric
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

CHECKS = [
    "settings", "versions", "postgresql", "kafka", "master_key", "sessions", "store", "rows", "topics",
    "clocks", "calendar", "disk", "adapters", "reports", "certificates", "forms", "catalogue",
    "papers",
]  # fmt: skip


@pytest.fixture
async def hub(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path, partitions=1) as opened:
        await opened.register("counter-a", ["counter"], [ONE_STOP])
        yield opened


async def doctor(hub: Hub) -> tuple[int, list[str]]:
    status, output = await hub_command(hub.environment, "doctor")
    return status, output.splitlines()


async def findings(hub: Hub, check: str) -> list[dict[str, str]]:
    """What `--json` says of one check."""
    status, output = await hub_command(hub.environment, "doctor", "--json")
    outcomes: dict[str, dict[str, Any]] = {one["check"]: one for one in json.loads(output)}
    assert status == (0 if all(one["outcome"] in {"ok", "advice"} for one in outcomes.values()) else 1)
    found: list[dict[str, str]] = outcomes[check]["findings"]
    return found


async def test_a_hub_that_is_right_has_a_line_a_check_and_status_0(hub: Hub) -> None:
    status, lines = await doctor(hub)
    assert status == 0, lines
    (advice,) = [line for line in lines if not line.startswith("ok")]
    assert advice.startswith("advice  catalogue: ")
    assert "hub catalogue publish" in advice
    status, said = await hub_command(hub.environment, "catalogue", "publish", *SURE)
    assert status == 0, said
    assert await findings(hub, "catalogue") == []
    _, lines = await doctor(hub)
    assert [line.split()[:2] for line in lines] == [["ok", f"{name}:"] for name in CHECKS]


@pytest.mark.parametrize(
    ("topic", "setting", "wrong", "right"),
    [
        ("dossier.facts", "retention.ms", "86400000", "-1"),
        ("in.hub", "message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("out.counter-a", "cleanup.policy", "compact", "delete"),
    ],
)
async def test_a_wrong_setting_of_a_topic_is_told_with_the_command_that_mends_it(
    hub: Hub, topic: str, setting: str, wrong: str, right: str
) -> None:
    await asyncio.to_thread(hub.admin.set_topic, hub.prefix + topic, {setting: wrong})
    (found,) = await findings(hub, "topics")
    assert all(word in found["reason"] for word in (hub.prefix + topic, setting, wrong, right))
    assert f"--add-config {setting}={right}" in found["remedy"]
    await asyncio.to_thread(hub.admin.set_topic, hub.prefix + topic, {setting: right})
    assert await findings(hub, "topics") == []


async def test_a_topic_that_is_gone_is_named(hub: Hub) -> None:
    await asyncio.to_thread(hub.admin.delete_topics, [f"{hub.prefix}out.counter-a"])
    (found,) = await findings(hub, "topics")
    assert f"{hub.prefix}out.counter-a is missing" in found["reason"]


async def test_a_key_that_others_may_read_and_tables_that_are_missing_are_told(hub: Hub) -> None:
    hub.master_key_file.chmod(0o640)
    assert "0640" in (await findings(hub, "master_key"))[0]["reason"]
    await hub.database.execute("delete from migration where name = '0010_term_seed.sql'")
    (missing,) = await findings(hub, "store")
    assert "0010_term_seed.sql" in missing["reason"]
    assert "hub setup" in missing["remedy"]
    _, lines = await doctor(hub)
    assert {line.split()[1] for line in lines if line.startswith("failed")} == {"master_key:", "store:"}


async def test_tables_of_an_adapter_that_is_not_installed_are_told_and_nothing_is_erased(hub: Hub) -> None:
    await hub.database.execute("insert into migration (name) values ('tax/0001_first.sql')")
    (found,) = await findings(hub, "adapters")
    assert found["reason"].startswith("tax has tables in the store and is not installed here")
    reason = ("--operator", "op", "--reason", "Đ 45", "--yes")
    status, said = await hub_command(hub.environment, "erase", "000.12.34.H07-250102-0001", *reason)
    assert (status, said) == (1, "hub: tax: this adapter has tables here and is not installed: install it\n")


async def test_missing_tables_of_an_adapter_are_told_and_hold_no_engine_up(hub: Hub) -> None:
    await hub.database.execute("delete from migration where name = 'portal/0001_tables.sql'")
    (found,) = await findings(hub, "adapters")
    assert found == {"reason": "tables of portal/0001_tables.sql are missing", "remedy": "run `hub setup`"}
    assert await findings(hub, "store") == []


async def test_a_role_does_not_start_without_its_tables_and_says_what_to_do(hub: Hub) -> None:
    await hub.database.execute("delete from migration where name = '0010_term_seed.sql'")
    engine = hub.engine()
    engine.start()
    assert await engine.ended() == 2
    assert "0010_term_seed.sql are missing; run `hub setup`" in engine.output()


async def test_a_running_engine_watches_its_checks(hub: Hub) -> None:
    engine = await hub.start_engine(HUB_CHECK_EVERY_S="1")
    assert await metric(engine, "hub_check_failed") == 0
    hub.master_key_file.chmod(0o644)

    async def is_told() -> bool:
        return await metric(engine, "hub_check_failed", check="master_key") == 1

    await eventually(is_told, 30, "the metric of the check", engine.output)
    assert engine.actions("check_failed")[0]["check"] == "master_key"


async def test_setup_bounds_what_topics_of_before_keep(hub: Hub) -> None:
    topic = f"{hub.prefix}in.counter-a"
    await asyncio.to_thread(hub.admin.set_topic, topic, {"retention.bytes": "-1"})
    (found,) = await findings(hub, "topics")
    assert "retention.bytes=-1" in found["reason"]
    assert await upkeep.bound_topics(hub.admin, hub.database, hub.store_key) == [topic]
    assert await findings(hub, "topics") == []
    assert await upkeep.bound_topics(hub.admin, hub.database, hub.store_key) == []
