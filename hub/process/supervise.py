"""Tasks beside the work of a process: each survives outages and nothing else; what ends, ends the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import asyncpg

from hub.backoff import doubled_s
from hub.errors import StartupError, StopError
from hub.kafka.client import KafkaError
from hub.logs import log
from hub.postgres import away
from hub.postgres.away import reason_of

AWAY = (*away.AWAY, KafkaError)
"""What is waited out: the server did not answer, or said that it cannot now; ask `is_away`."""

_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 2.0


def is_away(error: BaseException) -> bool:
    """Whether the server may answer later without a change on our side; False for a bug of ours."""
    return isinstance(error, KafkaError) or away.is_away(error)


def is_of_one(error: Exception) -> bool:
    """Whether it may lie in the datum at hand alone, so that the others are to be served.

    Not when a server is away, the tables are not as they should be, or the process has to stop.
    """
    return not isinstance(error, (*AWAY, asyncpg.PostgresError, StartupError, StopError))


class Backoff:
    """Doubling delays, from 0.1 s up to 2 s."""

    def __init__(self) -> None:
        self._attempts = 0

    def reset(self) -> None:
        """It worked: the next delay is the first one again."""
        self._attempts = 0

    async def wait(self) -> None:
        """Sleep for the next delay."""
        self._attempts += 1
        await asyncio.sleep(doubled_s(_FIRST_DELAY_S, _LONGEST_DELAY_S, self._attempts))


async def keep_running(name: str, step: Callable[[], Awaitable[None]]) -> None:
    """Call `step` until cancelled; what is away is logged and waited out, anything else is raised."""
    backoff = Backoff()
    while True:
        try:
            await step()
        except AWAY as error:
            if not is_away(error):
                raise
            log(f"{name}_waits", error=reason_of(error))
            await backoff.wait()
        else:
            backoff.reset()


class SideTasks:
    """The tasks of a process by name, watched beside its work.

    `StartupError` and `StopError` of a task are raised as they are; what else ends one is told by its name.
    """

    def __init__(self, works: Mapping[str, Coroutine[Any, Any, None]]) -> None:
        self._side = [asyncio.create_task(work, name=name) for name, work in works.items()]

    async def watch(self, work: asyncio.Task[None], stop: asyncio.Event) -> None:
        """Return when the work or one of the tasks has ended, or the process is to stop."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([work, stopping, *self._side], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()

    def raise_for(self, work: asyncio.Task[None]) -> None:
        """Raise what ended the work, or a task."""
        for task in (work, *self._side):
            if not task.done() or task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, StopError | StartupError):
                raise error
            if error is not None:
                raise StopError(f"task {task.get_name()} died: {_one_line(error)}") from error
            if task is not work:
                raise StopError(f"task {task.get_name()} ended by itself")

    async def end(self, *others: asyncio.Task[None], limit_s: float = 2) -> None:
        """Cancel them, and the others with them, and wait for their end no longer than that."""
        tasks = (*others, *self._side)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=limit_s)


def _one_line(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
