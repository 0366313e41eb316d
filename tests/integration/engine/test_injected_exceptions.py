"""At each boundary one participant's datum raises what nobody foresaw: it is told, the others are served."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.embedded.stack import StackAddress
from tests.support.boundaries import BOUNDARIES, Boundary
from tests.support.injected_world import World, injected_world
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def world(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    places = {boundary.name: boundary.place for boundary in BOUNDARIES}
    async with injected_world(stack, tmp_path_factory.mktemp("world"), places) as made:
        yield made


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda boundary: boundary.name)
async def test_what_one_participants_datum_raises_is_told_and_the_others_are_served(
    world: World, boundary: Boundary
) -> None:
    lives = (world.engine, world.door.gateway)
    before = world.told(boundary.logged)
    try:
        await boundary.drive(world, boundary)
        await boundary.raised(world)
        if boundary.logged:
            await eventually(
                lambda: world.told(boundary.logged) > before, 30, boundary.logged, world.evidence
            )
        await world.others_are_served()
    finally:
        world.marks.clear(boundary.name)
    assert [process.exit_status for process in lives] == [None, None], world.evidence()
