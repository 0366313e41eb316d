"""Rows that the database numbers: one that somebody else has put at the next number stops nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

_TRIES = 1000
_Result = TypeVar("_Result")


async def next_free(write: Callable[[], Awaitable[_Result]]) -> _Result:
    """The result of a write into a table whose only key is its number: each try takes the next one.

    In a transaction the write has to be one inside it. `TimeoutError`, which is waited out, after a thousand
    numbers that were taken.
    """
    for _ in range(_TRIES):
        try:
            return await write()
        except asyncpg.UniqueViolationError:
            continue
    raise TimeoutError("the next numbers are taken by rows that the hub has not written")
