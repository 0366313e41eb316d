"""One connection: uvicorn's HTTP/1.1 with a limit on the time of a head, and the peer's certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hub.gateway.bodies import SLOWEST_BYTES_PER_S
from hub.gateway.problems import MEDIA_TYPE, Problem

PEER = "onestop.peer_certificate"
"""In the scope: the client's certificate (DER) that the TLS layer has verified, or absent."""

_LINGER_S = 1.0
Application = Callable[[dict[str, Any], Any, Any], Any]


def protocol(header_timeout_s: float, idle_timeout_s: float, max_connections: int) -> type[asyncio.Protocol]:
    """The class of connections with these limits, for `uvicorn.Config(http=...)`."""

    class Limited(_Connection):
        header_s = header_timeout_s
        idle_s = idle_timeout_s
        most = max_connections

    return Limited


class _Connection(H11Protocol):
    """uvicorn 0.54 sets a timer only between requests.

    A head that never ends would hold the connection, and so would a client that does not read its answer.
    """

    header_s: float
    idle_s: float
    most: int

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject):
            certificate = tls.getpeercert(binary_form=True)
            if certificate:
                self.app = _with_peer(self.app, certificate)
        if len(self.connections) > self.most:
            self._refuse(Problem("gateway.busy", headers={"retry-after": "5"}))
            self.transport.close()
        else:
            self._watch_head()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self.conn.trailing_data[0] and self._head_timer is None:
                self._watch_head()
        else:
            self._head_came()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def shutdown(self) -> None:
        if self._is_refused:
            self.transport.close()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  ours says it in both languages
        self._refuse(Problem("http.no_http"))

    def _watch_head(self) -> None:
        self._head_timer = self.loop.call_later(self.header_s, self._head_is_late)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        self._refuse(Problem("http.slow"))

    def _watch_reading(self) -> None:
        """Nothing is added to what waits to be read until most of it was: it has to shrink."""
        waiting = self.transport.get_write_buffer_size()
        self._read_timer = self.loop.call_later(self.idle_s, self._check_reading, waiting)

    def _check_reading(self, waiting_bytes: int) -> None:
        if waiting_bytes - self.transport.get_write_buffer_size() < SLOWEST_BYTES_PER_S * self.idle_s:
            self.transport.abort()
        else:
            self._watch_reading()

    def _is_read(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _refuse(self, problem: Problem) -> None:
        body = problem.encoded()
        head = [f"HTTP/1.1 {problem.status} Refused", f"content-type: {MEDIA_TYPE}"]
        head += [f"{name}: {content}" for name, content in problem.headers.items()]
        head += [f"content-length: {len(body)}", "connection: close", "", ""]
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        self.transport.write("\r\n".join(head).encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # Closing at once would reset a client that sends on, and it would never read why.
        self.loop.call_later(_LINGER_S, self.transport.close)


def _with_peer(app: Any, certificate: bytes) -> Any:
    async def called(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope[PEER] = certificate
        await app(scope, receive, send)

    return called
