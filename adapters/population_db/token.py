"""The token of an LGSP (dialects N2 and N3): kept while it lives, fetched by one caller for all."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import httpx

from adapters.population_db.dialects import lgsp_header
from adapters.population_db.failure import NotAsked, failure_of
from adapters.population_db.settings import PopulationSettings

_VIETNAM: Final = timezone(timedelta(hours=7))
_MARGIN_S: Final = 30.0
_USUAL_LIFE_S: Final = 600.0
_MAX_LIFE_S: Final = 24 * 3600.0
_MAX_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the instant of the monotonic clock from which it is not used any more."""

    value: str
    stale_from: float


class Tokens:
    """Gives every caller the token, or says why there is none; many waiting callers cost one request.

    Raises httpx.HTTPError when the LGSP cannot be reached.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: PopulationSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def current(self) -> Token | NotAsked:
        """The token that is kept, or a new one when it has run out."""
        token = self._token
        if token is not None and self._clock() < token.stale_from:
            return token
        return await self.renewed(token)

    async def renewed(self, refused: Token | None) -> Token | NotAsked:
        """A token other than `refused`; it is fetched only if nobody else has done so meanwhile."""
        async with self._lock:
            if self._token is not None and self._token is not refused:
                return self._token
            self._token = None
            found = await self._fetch()
            if isinstance(found, Token):
                self._token = found
            return found

    async def _fetch(self) -> Token | NotAsked:
        asked_at, now = self._clock(), datetime.now(UTC)
        response = await self._http.send(self._request())
        if response.status_code != httpx.codes.OK:
            return failure_of(response.status_code, response.headers, now)
        value, life_s = read_token(response.content, self._settings.dialect == "N2", now)
        if value is None:
            return NotAsked("http_error")
        return Token(value, asked_at + max(life_s - _MARGIN_S, life_s / 2))

    def _request(self) -> httpx.Request:
        settings = self._settings
        assert settings.token_url is not None
        if settings.dialect == "N2":
            headers = {"lgspaccesstoken": lgsp_header(settings)}
            form = {"grant_type": "client_credentials"}
            return self._http.build_request("POST", settings.token_url, headers=headers, data=form)
        assert settings.secret_key is not None
        # ASSUMPTION: the names of these two; sources show the answer of this call alone.
        body = {"userName": settings.user, "password": settings.secret_key.get_secret_value()}
        return self._http.build_request("POST", settings.token_url, json=body)


def read_token(body: bytes, is_oauth: bool, now: datetime) -> tuple[str | None, float]:
    """The token of an answer and its life in seconds: `expires_in` (N2), `expiryDate` (N3), or 10 minutes."""
    try:
        answer: Any = json.loads(body[:_MAX_BYTES])
        value = answer["access_token" if is_oauth else "token"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, 0.0
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
        return None, 0.0
    return value, min(_life_s(answer, is_oauth, now), _MAX_LIFE_S)


def _life_s(answer: dict[str, Any], is_oauth: bool, now: datetime) -> float:
    try:
        if is_oauth:
            life_s = float(answer["expires_in"])
        else:
            ends = datetime.fromisoformat(str(answer["expiryDate"]).strip())
            # Without a zone it is UTC or Viet Nam's time; the same words end 7 h earlier there.
            life_s = ((ends if ends.tzinfo else ends.replace(tzinfo=_VIETNAM)) - now).total_seconds()
    except (ValueError, TypeError, KeyError, OverflowError):
        return _USUAL_LIFE_S
    return max(life_s, 1.0) if math.isfinite(life_s) else _USUAL_LIFE_S
