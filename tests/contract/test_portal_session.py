"""How the portal is reached: session, addresses, codes in both shapes, kept answers, throttling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.national_portal.adapter import PortalAdapter
from hub.delivery.outcome import Delivered, NotFound, RetryAt
from tests.contract.portal_world import DSTCODE, Control, portal_world, settings_for

World = tuple[PortalAdapter, Control]


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with portal_world(tmp_path_factory.mktemp("portal")) as world:
        yield world


@pytest.fixture
async def world(shared: World) -> World:
    await shared[1].clear()
    return shared


async def test_an_expired_session_costs_one_login_and_the_call_is_made_again(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    await adapter.deliver(story.accepted())
    before = (await control.health())["logins"]
    await control.script("expired_session", dossier=story.code)
    assert isinstance(await adapter.deliver(story.forwarded()), Delivered)
    assert (await control.health())["logins"] == before + 1
    assert control.entries(story.code).count("update") == 1


async def test_a_session_that_is_refused_twice_is_no_effect(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("expired_session", dossier=story.code, times=2)
    outcome = await adapter.deliver(accepted)
    assert isinstance(outcome, RetryAt)
    assert "session refused twice" in outcome.why
    assert control.entries(story.code) == []


async def test_many_deliveries_at_once_log_in_once(tmp_path: Path) -> None:
    async with portal_world(tmp_path) as (adapter, control):
        messages = [control.message_ok() for _ in range(8)]
        outcomes = await asyncio.gather(*(adapter.deliver(message) for message in messages))
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
        assert (await control.health())["logins"] == 1
        assert (await control.health())["calls"]["LayThuTuc"] <= len(messages)


async def test_a_refused_login_is_no_effect(tmp_path: Path) -> None:
    async with portal_world(tmp_path, username="somebody") as (adapter, control):
        outcome = await adapter.deliver(control.message_ok())
        assert isinstance(outcome, RetryAt)
        assert outcome.why == "login: refused"


async def test_a_procedure_is_asked_for_once_and_again_when_it_is_old(tmp_path: Path) -> None:
    async with portal_world(tmp_path) as (adapter, control):
        for _ in range(3):
            await adapter.deliver(control.message_ok())
        assert (await control.health())["calls"]["LayThuTuc"] == 1
    async with portal_world(tmp_path, procedure_life_s=1e-6) as (adapter, control):
        for _ in range(3):
            await adapter.deliver(control.message_ok())
        assert (await control.health())["calls"]["LayThuTuc"] == 3


async def test_throttling_is_no_effect_and_its_pause_is_followed(world: World) -> None:
    adapter, control = world
    story = control.story()
    story.submitted()
    accepted = story.accepted()
    await control.script("throttled", dossier=story.code)
    outcome = await adapter.deliver(accepted)
    assert isinstance(outcome, RetryAt)
    assert outcome.delay_s == 7.0
    assert isinstance(await adapter.query(accepted), NotFound)


@pytest.mark.parametrize("codes", ["int", "str"])
async def test_codes_as_numbers_and_as_text_mean_the_same(tmp_path: Path, codes: str) -> None:
    async with portal_world(tmp_path, "--codes", codes, "--exists-code", "-3") as (adapter, control):
        story = control.story()
        story.submitted()
        accepted = story.accepted()
        await control.script("exists", code="-3", dossier=story.code)
        assert isinstance(await adapter.deliver(accepted), Delivered)
        await control.script("expired_session", dossier=story.code)
        assert isinstance(await adapter.deliver(story.forwarded()), Delivered)


@pytest.mark.parametrize(
    ("settings", "is_taken"),
    [
        ({"dstcode": DSTCODE, "dstcode_in": "header"}, True),
        ({"dstcode": DSTCODE, "dstcode_in": "query"}, True),
        ({"dstcode": DSTCODE, "dstcode_in": "both", "prefix": "/VXPAdapter/RestService/forward"}, True),
        ({"prefix": ""}, False),
        ({"dstcode": "VN:GOV:other"}, False),
    ],
)
async def test_prefix_and_dstcode_are_settings(
    tmp_path: Path, settings: dict[str, Any], is_taken: bool
) -> None:
    async with portal_world(tmp_path, "--dstcode", DSTCODE, **settings) as (adapter, control):
        outcome = await adapter.deliver(control.message_ok())
        assert isinstance(outcome, Delivered if is_taken else RetryAt)


def test_settings_with_a_connect_time_beyond_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="connect_timeout_s"):
        settings_for("http://127.0.0.1:1", connect_timeout_s=9.0)
