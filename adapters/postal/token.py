"""The OAuth2 token of one customer account: how it is asked for; it is kept as every log-in is."""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.postal.settings import PostalAccount
from hub.delivery.errors import NoEffectError
from hub.delivery.http import HttpCaller
from hub.delivery.login import Token, Tokens, stale_from


class _TokenAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str = Field(min_length=1, pattern=r"^[\x21-\x7e]+$")
    token_type: str = Field(default="Bearer", pattern=r"^[\x21-\x7e]+$")
    expires_in: float = Field(default=3600.0, allow_inf_nan=False, le=86_400.0, ge=1.0)


def tokens_of(
    http: HttpCaller,
    token_url: str,
    account: PostalAccount,
    retry_delay_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Tokens:
    """The tokens of one account, one at a time, by client credentials."""
    key, secret = account.consumer_key, account.consumer_secret

    async def log_in() -> Token:
        asked_at = clock()
        reply = await http.send(
            "token",
            "POST",
            token_url,
            form={"grant_type": "client_credentials"},
            basic=(key.get_secret_value(), secret.get_secret_value()),
        )
        if reply.status != 200:
            raise NoEffectError(f"token: HTTP {reply.status}", reply.retry_after_s or retry_delay_s)
        try:
            answer = _TokenAnswer.model_validate_json(reply.body)
        except ValidationError:
            raise NoEffectError("token: unreadable answer", retry_delay_s) from None
        return Token(answer.access_token, stale_from(asked_at, answer.expires_in), answer.token_type)

    return Tokens(log_in, retry_delay_s, clock)
