"""A check: its name, what it looks at, and what it finds wrong, with the remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import asyncpg
from confluent_kafka import KafkaException

from hub.errors import StartupError
from hub.process.supervise import AWAY

_LOOK_S = 30.0
_NO_TABLES = (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not right: why, and what to do, in a line each without passwords or personal data."""

    reason: str
    remedy: str


Look = Callable[[], Awaitable[Sequence[Finding]]]
"""Nothing found is all well; may raise what is `AWAY` when a server does not answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be right. `ends_start`: without it no role may begin to work.

    `is_advice`: the hub works as well without it; who asks is told, and nothing fails.
    """

    name: str
    looks_at: str
    look: Look
    ends_start: bool = True
    is_advice: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look came to; `unknown` is why it could not look."""

    check: Check
    findings: Sequence[Finding] = ()
    unknown: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it looked and found nothing wrong."""
        return not self.findings and self.unknown is None


async def look(check: Check) -> Outcome:
    """Look once; a server that is away or has not the tables, or no answer in 30 s, is an unknown outcome."""
    try:
        async with asyncio.timeout(_LOOK_S):
            return Outcome(check, tuple(await check.look()))
    except (*AWAY, *_NO_TABLES, KafkaException, StartupError) as error:
        return Outcome(check, unknown=f"could not be looked at ({type(error).__name__})")


async def look_all(checks: Iterable[Check]) -> list[Outcome]:
    """Look at all, one after the other."""
    return [await look(check) for check in checks]


async def must_hold(checks: Iterable[Check]) -> None:
    """Before a role starts: raises `StartupError` in one line for the first that fails and ends a start."""
    for outcome in await look_all(check for check in checks if check.ends_start):
        for finding in outcome.findings:
            raise StartupError(f"{outcome.check.name}: {finding.reason}; {finding.remedy}")
