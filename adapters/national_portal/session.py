"""The session at the portal: kept while it lives, fetched by one caller for all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.national_portal.answers import code_text
from adapters.national_portal.errors import EffectUnsureError, NoEffectError
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.transport import Transport

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """A session and the instant of the monotonic clock from which it is not used any more."""

    token: str
    stale_from: float


class Sessions:
    """Gives every caller the session; many waiting callers cost one login, also when it fails.

    Raises NoEffectError when no session can be had: without one nothing can have been done.
    Source: contract 1.3.
    """

    def __init__(
        self, transport: Transport, settings: PortalSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._clock = clock
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._finished = 0
        self._failure: NoEffectError | None = None

    async def current(self) -> Session:
        """The session that is kept, or a new one when it has run out."""
        session = self._session
        if session is not None and self._clock() < session.stale_from:
            return session
        return await self.renewed(session)

    async def renewed(self, refused: Session | None) -> Session:
        """A session other than `refused`; it is fetched only if nobody else has done so meanwhile."""
        finished = self._finished
        async with self._lock:
            if self._session is not None and self._session is not refused:
                return self._session
            if self._finished != finished and self._failure is not None:
                raise NoEffectError(str(self._failure), self._failure.delay_s)
            try:
                self._session, self._failure = await self._login(), None
            except NoEffectError as failure:
                self._session, self._failure = None, failure
                raise
            finally:
                self._finished += 1
            return self._session

    async def _login(self) -> Session:
        asked_at, settings = self._clock(), self._settings
        body = {"username": settings.username, "password": settings.password.get_secret_value()}
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            document = (await self._transport.post("login", settings.auth_path, encoded)).document
        except EffectUnsureError as error:
            raise NoEffectError(str(error), settings.retry_delay_s) from error
        token = document.get("session")
        if code_text(document.get("error_code")) != "0":
            raise NoEffectError("login: refused", settings.retry_delay_s)
        if not isinstance(token, str) or not 0 < len(token) <= _LONGEST or not token.isprintable():
            raise NoEffectError("login: no session in the answer", settings.retry_delay_s)
        return Session(token, asked_at + settings.session_life_s)
