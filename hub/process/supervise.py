"""The loop of a side task: it survives outages of the broker and of the database, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

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
