"""The session at the portal: how it is asked for; it is kept as every log-in is (`hub.delivery.login`)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from adapters.national_portal.answers import code_text
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.transport import Transport
from hub.delivery.errors import NoEffectError
from hub.delivery.login import Token, Tokens

_LONGEST: Final = 4096


def sessions(
    transport: Transport, settings: PortalSettings, clock: Callable[[], float] = time.monotonic
) -> Tokens:
    """One session for all calls, used for `session_life_s` (contract 1.3)."""

    async def log_in() -> Token:
        asked_at = clock()
        body = {"username": settings.username, "password": settings.password.get_secret_value()}
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        document = await transport.post("login", settings.auth_path, encoded)
        session = document.get("session")
        if code_text(document.get("error_code")) != "0":
            raise NoEffectError("login: refused", settings.retry_delay_s)
        if not isinstance(session, str) or not 0 < len(session) <= _LONGEST or not session.isprintable():
            raise NoEffectError("login: no session in the answer", settings.retry_delay_s)
        return Token(session, asked_at + settings.session_life_s)

    return Tokens(log_in, settings.retry_delay_s, clock)
