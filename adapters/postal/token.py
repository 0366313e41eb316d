"""The OAuth2 token of one customer account: kept while it lives, fetched by one caller for all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.postal.errors import EffectUnsureError, NoEffectError
from adapters.postal.settings import PostalAccount
from adapters.postal.transport import Transport

_MARGIN_S = 30.0


class _TokenAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str = Field(min_length=1, pattern=r"^[\x21-\x7e]+$")
    token_type: str = Field(default="Bearer", pattern=r"^[\x21-\x7e]+$")
    expires_in: float = Field(default=3600.0, allow_inf_nan=False, le=86_400.0, ge=1.0)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, as it stands in `Authorization` and bare, until an instant of the monotonic clock."""

    header: str
    value: str
    stale_from: float


class Tokens:
    """Gives every caller the account's token; many waiting callers cost one request, also when it fails.

    Raises NoEffectError when no token can be had: without a token no order can have been placed.
    """

    def __init__(
        self,
        transport: Transport,
        token_url: str,
        account: PostalAccount,
        retry_delay_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._url = token_url
        self._account = account
        self._retry_delay_s = retry_delay_s
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._finished = 0
        self._failure: NoEffectError | None = None

    async def current(self) -> Token:
        """The token that is kept, or a new one when it has run out."""
        token = self._token
        if token is not None and self._clock() < token.stale_from:
            return token
        return await self.renewed(token)

    async def renewed(self, refused: Token | None) -> Token:
        """A token other than `refused`; it is fetched only if nobody else has done so meanwhile."""
        finished = self._finished
        async with self._lock:
            if self._token is not None and self._token is not refused:
                return self._token
            if self._finished != finished and self._failure is not None:
                raise NoEffectError(str(self._failure), self._failure.delay_s)
            try:
                self._token, self._failure = await self._fetch(), None
            except NoEffectError as failure:
                self._token, self._failure = None, failure
                raise
            finally:
                self._finished += 1
            return self._token

    async def _fetch(self) -> Token:
        asked_at = self._clock()
        key, secret = self._account.consumer_key, self._account.consumer_secret
        try:
            reply = await self._transport.send(
                "token",
                "POST",
                self._url,
                form={"grant_type": "client_credentials"},
                basic=(key.get_secret_value(), secret.get_secret_value()),
            )
        except EffectUnsureError as error:
            raise NoEffectError(str(error), self._retry_delay_s) from error
        if reply.status != 200:
            raise NoEffectError(f"token: HTTP {reply.status}", reply.retry_after_s or self._retry_delay_s)
        try:
            answer = _TokenAnswer.model_validate_json(reply.body)
        except ValidationError:
            raise NoEffectError("token: unreadable answer", self._retry_delay_s) from None
        lifetime_s = max(answer.expires_in - _MARGIN_S, answer.expires_in / 2)
        header = f"{answer.token_type} {answer.access_token}"
        return Token(header, answer.access_token, asked_at + lifetime_s)
