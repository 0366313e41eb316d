"""The broker stopped as an operator stops it, for longer than clients keep what they hold, under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.polite_stops import check_books, scene_at_work, stop_politely


async def test_all_goes_on_by_itself_after_two_polite_stops_of_the_broker(tmp_path: Path) -> None:
    await rounds(tmp_path, count=2, away_s=22)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_all_goes_on_by_itself_after_ten_polite_stops_of_40_s(tmp_path: Path) -> None:
    await rounds(tmp_path, count=10, away_s=40)


async def rounds(folder: Path, *, count: int, away_s: float) -> None:
    async with scene_at_work(folder) as scene:
        for _ in range(count):
            await stop_politely(scene, away_s)
        scene.desk.is_closing = True
        await check_books(scene)
