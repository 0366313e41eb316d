"""Wire calls in the chosen dialect: one POST per question, with an LGSP's token, read with limits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from adapters.population_db.dialects import exchange, read_answer
from adapters.population_db.failure import NotAsked, failure_of, not_asked
from adapters.population_db.mapping import Answer, SoapFault, Unreadable
from adapters.population_db.question import Question
from adapters.population_db.settings import PopulationSettings
from adapters.population_db.token import tokens_of
from hub.delivery.errors import CallError, EffectUnsureError
from hub.delivery.http import CallLimits, HttpCaller, Reply
from hub.delivery.login import Token


class PopulationClient:
    """One connection pool to the population database; safe for concurrent calls."""

    def __init__(self, settings: PopulationSettings) -> None:
        self._settings = settings
        limits = CallLimits(
            settings.total_timeout_s,
            settings.connect_timeout_s,
            settings.retry_s,
            settings.max_answer_bytes,
        )
        self._http = HttpCaller(limits, settings.ca_file)
        self._tokens = tokens_of(self._http, settings) if settings.dialect != "N1" else None

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
                reply = await self._exchange(question, now)
        except TimeoutError:
            return NotAsked("timeout")
        except CallError as error:
            is_over = isinstance(error, EffectUnsureError) and error.cause == "too_large"
            return Unreadable("too large") if is_over else not_asked(error)
        answer = read_answer(reply.body, question, self._settings)
        known = frozenset(self._settings.fault_codes)
        return judge(reply.status, reply.headers, answer, now, known)

    async def _exchange(self, question: Question, now: datetime) -> Reply:
        async def post(token: Token | None) -> Reply:
            made = exchange(question, self._settings, token.value if token is not None else None, now)
            return await self._http.send(
                "ask", "POST", made.url, content=made.content, headers=made.headers, is_unpacked=False
            )

        return await (post(None) if self._tokens is None else self._tokens.call(post))


def judge(
    status: int, headers: Mapping[str, str], answer: Answer, now: datetime, known_faults: frozenset[str]
) -> Answer | NotAsked:
    """Decide what a whole response says (pure): only a 200 can carry an answer, a 200 or 500 any fault."""
    if status == 200:
        return answer
    if isinstance(answer, SoapFault) and (status == 500 or answer.code in known_faults):
        return answer
    return failure_of(status, headers, now)
