"""One connection: uvicorn's HTTP/1.1 with limits of time, and the one who holds it in the scope."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from hub.http.acceptor import Acceptor
from hub.http.admission import Guest
from hub.http.answer import Answer, Application, Message, Receive, Send
from hub.http.limits import SLOWEST_BYTES_PER_S, DoorLimits, Refuse

CONNECTION = "onestop.connection"
"""In the scope: the `Connection` on which the request came."""
_LINGER_S = 1.0


class Connection(H11Protocol):
    """uvicorn 0.54 sets a timer only between requests.

    A head that never ends would hold the connection, and so would a client that does not read its answer, or
    one that goes on to send a body that nobody wants.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        acceptor: Acceptor,
        guest: Guest,
        limits: DoorLimits,
        refuse: Refuse,
    ) -> None:
        super().__init__(config, state, {})
        self.app = self._named(self.app)
        self.peer_certificate: bytes | None = None
        self._acceptor = acceptor
        self._guest = guest
        self._limits = limits
        self._refuse_with = refuse
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._closing_since: float | None = None
        self._is_over = False
        guest.is_waiting = self._is_waiting

    def recognise(self, caller: str) -> bool:
        """Note who is served on this connection; False when that one holds too many."""
        is_taken = self._acceptor.admission.recognise(self._guest, caller, self.loop.time())
        if not is_taken:
            self._acceptor.refused("caller_connections")
        return is_taken

    def forget(self) -> None:
        """Nobody known is served on it (any more)."""
        self._acceptor.admission.forget(self._guest)

    def look(self, now_s: float) -> None:
        """Give up a closing connection whose client does not take the rest."""
        if not self.transport.is_closing():
            return
        if self._closing_since is None:
            self._closing_since = now_s
        elif now_s - self._closing_since > self._limits.idle_s:
            self._acceptor.refused("slow_reader")
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._guest.close = transport.abort
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.peer_certificate = tls.getpeercert(binary_form=True) or None
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
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
        self._acceptor.left(self._guest)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def shutdown(self) -> None:
        if self._is_over:
            self.transport.close()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the door has its own words
        self._refuse("no_http")

    def _named(self, app: Application) -> Application:
        async def called(scope: Message, receive: Receive, send: Send) -> None:
            scope[CONNECTION] = self
            await app(scope, receive, Answer(self.conn, scope, receive, send).send)

        return called

    def _is_waiting(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete or self.flow.write_paused

    def _watch_head(self) -> None:
        self._head_timer = self.loop.call_later(self._limits.head_s, self._head_is_late)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        self._refuse("slow")

    def _watch_reading(self) -> None:
        """Nothing is added to what waits to be read until most of it was: it has to shrink."""
        waiting = self.transport.get_write_buffer_size()
        self._read_timer = self.loop.call_later(self._limits.idle_s, self._check_reading, waiting)

    def _check_reading(self, waiting_bytes: int) -> None:
        read_bytes = waiting_bytes - self.transport.get_write_buffer_size()
        if read_bytes < SLOWEST_BYTES_PER_S * self._limits.idle_s:
            self._acceptor.refused("slow_reader")
            self.transport.abort()
        else:
            self._watch_reading()

    def _is_read(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _refuse(self, reason: str) -> None:
        if self._is_over or self.transport.is_closing():
            return
        self._acceptor.refused(reason)
        refusal = self._refuse_with(f"http.{reason}")
        head = [f"HTTP/1.1 {refusal.status} Refused"]
        head += [f"{name}: {content}" for name, content in refusal.headers.items()]
        head += [f"content-length: {len(refusal.body)}", "connection: close", "", ""]
        self.transport.write("\r\n".join(head).encode() + refusal.body)
        self._linger()

    def _linger(self) -> None:
        """Closing at once would reset a client that sends on, and it would never read why.

        An answer that is still under way on it goes nowhere any more.
        """
        self._is_over = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)
