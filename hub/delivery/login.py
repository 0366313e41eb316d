"""What a log-in gave, kept while it lives and fetched by one caller for all who wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from hub.delivery.errors import EffectUnsureError, NoEffectError
from hub.delivery.http import Reply

_REFUSED: Final = 401
_MARGIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token or session, and the instant of the monotonic clock from which it is not used any more."""

    value: str
    stale_from: float
    scheme: str = "Bearer"

    @property
    def authorization(self) -> str:
        """As it stands in the header of that name."""
        return f"{self.scheme} {self.value}"


def stale_from(asked_at: float, life_s: float) -> float:
    """Half a minute before a token ends, at half its life when that is shorter than a minute."""
    return asked_at + max(life_s - _MARGIN_S, life_s / 2)


class Tokens:
    """Gives every caller the one token; many that wait cost one log-in, also when it fails.

    `log_in` makes one call and returns a token or raises a CallError. Whatever it raises, callers see a
    NoEffectError: without a token nothing can have been done.
    """

    def __init__(
        self,
        log_in: Callable[[], Awaitable[Token]],
        retry_delay_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log_in = log_in
        self._retry_delay_s = retry_delay_s
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._ended = 0
        self._failure: NoEffectError | None = None

    async def current(self) -> Token:
        """The token that is kept, or a new one when it has run out."""
        token = self._token
        if token is not None and self._clock() < token.stale_from:
            return token
        return await self.renewed(token)

    async def renewed(self, refused: Token | None) -> Token:
        """A token other than `refused`; it is fetched only if nobody else has done so meanwhile."""
        ended = self._ended
        async with self._lock:
            if self._token is not None and self._token is not refused:
                return self._token
            if self._ended != ended and self._failure is not None:
                raise self._failure
            self._token = self._failure = None
            try:
                self._token = await self._log_in()
            except NoEffectError as failure:
                self._failure = failure
                raise
            except EffectUnsureError as error:
                self._failure = NoEffectError(str(error), self._retry_delay_s, error.cause)
                raise self._failure from error
            finally:
                self._ended += 1
            return self._token

    async def call(self, send: Callable[[Token], Awaitable[Reply]]) -> Reply:
        """`send` with the token; a 401 costs one new token and one more try."""
        token = await self.current()
        reply = await send(token)
        return await send(await self.renewed(token)) if reply.status == _REFUSED else reply
