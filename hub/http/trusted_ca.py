"""Whom a client trusts, from a file that may be renewed: a new connection goes by what it says then."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from hub.http.certificates import stamps
from hub.logs import log


class TrustedCa(ssl.SSLContext):
    """A context for clients; clients keep it for as long as they live, and wrap each connection with it.

    Connections that are open stay as they are. A file that cannot be read changes nothing: what it said
    before holds, and the log says so once. Without a file the system's authorities are trusted.
    """

    def __new__(cls, ca_file: Path | None) -> Self:
        """Raises OSError and ssl.SSLError when there is nothing to begin with."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        made._ca_file = ca_file
        made._alpn = ()
        made._stamps = made._look()
        made._now = ssl.create_default_context(cafile=ca_file)
        return made

    _ca_file: Path | None
    _alpn: Iterable[str]
    _stamps: object
    _now: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """As every context; asyncio, uvloop and anyio begin a connection so."""
        return self._fresh().wrap_bio(*arguments, **named)

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """As every context."""
        return self._fresh().wrap_socket(*arguments, **named)

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """As every context; holds for those that follow."""
        self._alpn = tuple(alpn_protocols)
        self._now.set_alpn_protocols(self._alpn)

    def _look(self) -> object:
        return stamps([self._ca_file]) if self._ca_file is not None else ()

    def _fresh(self) -> ssl.SSLContext:
        found = self._look()
        if found != self._stamps:
            self._stamps = found
            try:
                renewed = ssl.create_default_context(cafile=self._ca_file)
            except (OSError, ssl.SSLError) as error:
                log("ca_refused", file=str(self._ca_file), error=type(error).__name__)
            else:
                if self._alpn:
                    renewed.set_alpn_protocols(self._alpn)
                self._now = renewed
                log("ca_renewed", file=str(self._ca_file))
        return self._now
