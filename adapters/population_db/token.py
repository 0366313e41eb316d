"""The token of an LGSP (dialects N2 and N3): how it is asked for; it is kept as every log-in is."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from adapters.population_db.dialects import lgsp_header
from adapters.population_db.failure import NotAsked, NoTokenError, failure_of
from adapters.population_db.settings import PopulationSettings
from hub.delivery.http import HttpCaller, Reply
from hub.delivery.login import Token, Tokens, stale_from

_VIETNAM: Final = timezone(timedelta(hours=7))
_USUAL_LIFE_S: Final = 600.0
_MAX_LIFE_S: Final = 24 * 3600.0


def tokens_of(
    http: HttpCaller, settings: PopulationSettings, clock: Callable[[], float] = time.monotonic
) -> Tokens:
    """The token of the connection, one at a time."""

    async def log_in() -> Token:
        asked_at, now = clock(), datetime.now(UTC)
        reply = await _ask(http, settings)
        if reply.status != 200:
            raise NoTokenError(failure_of(reply.status, reply.headers, now), settings.retry_s)
        value, life_s = read_token(reply.body, settings.dialect == "N2", now)
        if value is None:
            raise NoTokenError(NotAsked("http_error"), settings.retry_s)
        return Token(value, stale_from(asked_at, life_s))

    return Tokens(log_in, settings.retry_s, clock)


async def _ask(http: HttpCaller, settings: PopulationSettings) -> Reply:
    assert settings.token_url is not None
    if settings.dialect == "N2":
        headers = {"lgspaccesstoken": lgsp_header(settings)}
        form = {"grant_type": "client_credentials"}
        return await http.send("token", "POST", settings.token_url, headers=headers, form=form)
    assert settings.secret_key is not None
    # ASSUMPTION: the names of these two; sources show the answer of this call alone.
    body = {"userName": settings.user, "password": settings.secret_key.get_secret_value()}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    json_type = {"Content-Type": "application/json"}
    return await http.send("token", "POST", settings.token_url, headers=json_type, content=content)


def read_token(body: bytes, is_oauth: bool, now: datetime) -> tuple[str | None, float]:
    """The token of an answer and its life in seconds: `expires_in` (N2), `expiryDate` (N3), or 10 minutes."""
    try:
        answer: Any = json.loads(body)
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
