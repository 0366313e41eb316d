"""Wire calls in the chosen dialect: one POST per question, with an LGSP's token, read with limits."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Self

import httpx

from adapters.population_db.dialects import Exchange, exchange, read_answer
from adapters.population_db.failure import NotAsked, failure_of
from adapters.population_db.mapping import Answer, SoapFault, Unreadable
from adapters.population_db.question import Question
from adapters.population_db.settings import PopulationSettings
from adapters.population_db.token import Token, Tokens
from hub.http.trusted_ca import TrustedCa


class PopulationClient:
    """One connection pool to the population database; safe for concurrent calls."""

    def __init__(self, settings: PopulationSettings) -> None:
        self._settings = settings
        timeout = httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s)
        self._http = httpx.AsyncClient(
            timeout=timeout, trust_env=False, follow_redirects=False, verify=TrustedCa(settings.ca_file)
        )
        self._tokens = Tokens(self._http, settings) if settings.dialect != "N1" else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, question: Question, now: datetime) -> Answer | NotAsked:
        """Ask once, within `total_timeout_s` to the last byte; never raises for what the counterpart does."""
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                exchanged = await self._exchange(question, now)
        except (TimeoutError, httpx.TimeoutException):
            return NotAsked("timeout")
        except httpx.HTTPError:
            return NotAsked("unreachable")
        if isinstance(exchanged, NotAsked):
            return exchanged
        response, body = exchanged
        if body is None:
            return Unreadable("too large")
        answer = read_answer(body, question, self._settings)
        known = frozenset(self._settings.fault_codes)
        return judge(response.status_code, response.headers, answer, now, known)

    async def _exchange(
        self, question: Question, now: datetime
    ) -> tuple[httpx.Response, bytes | None] | NotAsked:
        """One question; a refused token costs one new token and one more try."""
        if self._tokens is None:
            return await self._post(exchange(question, self._settings, None, now))
        token = await self._tokens.current()
        if isinstance(token, NotAsked):
            return token
        response, body = await self._with(token, question, now)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return response, body
        renewed = await self._tokens.renewed(token)
        return renewed if isinstance(renewed, NotAsked) else await self._with(renewed, question, now)

    async def _with(
        self, token: Token, question: Question, now: datetime
    ) -> tuple[httpx.Response, bytes | None]:
        return await self._post(exchange(question, self._settings, token.value, now))

    async def _post(self, made: Exchange) -> tuple[httpx.Response, bytes | None]:
        """Send, and read at most `max_answer_bytes`, nothing unpacked; no body beyond that."""
        async with self._http.stream(
            "POST", made.url, content=made.content, headers=made.headers
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._settings.max_answer_bytes:
                    return response, None
            return response, bytes(body)


def judge(
    status: int, headers: httpx.Headers, answer: Answer, now: datetime, known_faults: frozenset[str]
) -> Answer | NotAsked:
    """Decide what a whole response says (pure): only a 200 can carry an answer, a 200 or 500 any fault."""
    if status == httpx.codes.OK:
        return answer
    if isinstance(answer, SoapFault) and (status == 500 or answer.code in known_faults):
        return answer
    return failure_of(status, headers, now)
