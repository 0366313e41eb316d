"""The tasks beside the work of a process: whichever ends first, ends it, and says so."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import StartupError, StopError
from hub.process.supervise import SideTasks


async def for_ever() -> None:
    await asyncio.Event().wait()


async def ends() -> None:
    return


async def dies() -> None:
    raise ValueError("first line\nsecond line")


async def stops() -> None:
    raise StartupError("a setting is wrong")


async def run(**side: object) -> None:
    """As a role does it."""
    works = {"idle": for_ever(), **{name: work() for name, work in side.items()}}  # type: ignore[operator]
    tasks, work, stop = SideTasks(works), asyncio.create_task(for_ever()), asyncio.Event()
    try:
        await tasks.watch(work, stop)
        tasks.raise_for(work)
    finally:
        await tasks.end(work)
        assert work.done()


async def test_a_task_that_dies_ends_the_process_by_name_in_one_line() -> None:
    with pytest.raises(StopError, match=r"^task looking died: ValueError: first line$"):
        await run(looking=dies)


async def test_a_task_that_ends_by_itself_ends_the_process() -> None:
    with pytest.raises(StopError, match=r"^task looking ended by itself$"):
        await run(looking=ends)


async def test_a_start_that_cannot_be_is_raised_as_it_is() -> None:
    with pytest.raises(StartupError, match=r"^a setting is wrong$"):
        await run(looking=stops)


async def test_a_stop_ends_the_watch_without_an_error() -> None:
    tasks, work, stop = SideTasks({"idle": for_ever()}), asyncio.create_task(for_ever()), asyncio.Event()
    stop.set()
    await tasks.watch(work, stop)
    tasks.raise_for(work)
    await tasks.end(work)
    assert work.cancelled()
