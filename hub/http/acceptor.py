"""Takes connections off a listening socket: first admission, then the TLS handshake, then HTTP."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from collections.abc import Callable

from hub.http.admission import Admission, Guest, Turned
from hub.http.limits import DoorLimits
from hub.http.metrics import HttpMetrics
from hub.logs import log

_AT_ONCE = 64
_SHORT_S = 0.5
_SHUTDOWN_S = 2.0
_SHORT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_RESET = struct.pack("ii", 1, 0)
NewProtocol = Callable[[Guest], asyncio.Protocol]
Tls = Callable[[], ssl.SSLContext | None]


class Acceptor:
    """One listening socket; asyncio's own server counts nothing before the handshake has ended."""

    def __init__(
        self,
        name: str,
        listener: socket.socket,
        limits: DoorLimits,
        metrics: HttpMetrics,
        new_protocol: NewProtocol,
        tls: Tls,
    ) -> None:
        self.admission = Admission(limits)
        self._name = name
        self._listener = listener
        self._limits = limits
        self._metrics = metrics
        self._new_protocol = new_protocol
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)

    def open(self) -> None:
        """Begin to take connections."""
        self._count()
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)

    async def close(self) -> None:
        """Listen no more; handshakes under way are broken off."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for task in self._welcomes:
            task.cancel()
        if self._welcomes:
            await asyncio.wait(self._welcomes, timeout=_SHUTDOWN_S)

    def refused(self, reason: str) -> None:
        """Count a connection that is not let in, or that the hub closes."""
        self._metrics.refused.labels(self._name, reason).inc()

    def left(self, guest: Guest) -> None:
        """A connection is gone; may be told twice."""
        self.admission.leave(guest)
        self._count()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _SHORT_OF:
                    self._wait_for_descriptors()
                    return
                continue  # the client went away before it was accepted
            self._admit(accepted, peer[0])

    def _wait_for_descriptors(self) -> None:
        """The socket stays readable meanwhile: without a pause the loop would do nothing else."""
        log("door_short_of_descriptors", door=self._name, open=self.admission.open)
        self.refused("descriptors")
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(_SHORT_S, self.open)

    def _admit(self, accepted: socket.socket, host: str) -> None:
        entry = self.admission.enter(host, self._loop.time())
        if isinstance(entry, Turned):
            self.refused(entry.reason)
            # A reset: the side that closes in peace has to remember the connection for a minute.
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            accepted.close()
            return
        if entry.leaving is not None:
            self.refused(entry.reason)
            entry.leaving.close()
        accepted.setblocking(False)
        self._count()
        task = self._loop.create_task(self._welcome(accepted, entry.guest))
        entry.guest.close = task.cancel
        self._welcomes.add(task)
        task.add_done_callback(lambda done: self._welcomed(done, accepted, entry.guest))

    async def _welcome(self, accepted: socket.socket, guest: Guest) -> None:
        context = self._tls()
        limit_s, end_s = (self._limits.handshake_s, _SHUTDOWN_S) if context is not None else (None, None)
        await self._loop.connect_accepted_socket(
            lambda: self._new_protocol(guest),
            accepted,
            ssl=context,
            ssl_handshake_timeout=limit_s,
            ssl_shutdown_timeout=end_s,
        )

    def _welcomed(self, done: asyncio.Task[None], accepted: socket.socket, guest: Guest) -> None:
        self._welcomes.discard(done)
        if done.cancelled() or done.exception() is not None:
            # Cancelled before its first step, nobody else would close the socket.
            accepted.close()
            self.left(guest)
            if not done.cancelled():
                self.refused("handshake")

    def _count(self) -> None:
        self._metrics.open.labels(self._name).set(self.admission.open)
