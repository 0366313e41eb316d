"""The server's TLS from files, read anew when they change: new connections get the new certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

from hub.http.certificates import first_end, stamps

_HANDSHAKE, _KEY_UPDATE = 22, 24
"""Of TLS 1.3: the kind of a record, and that of a message in it."""
_MOST_KEY_UPDATES = 32
"""On one connection; an honest client needs one for some tens of millions of records."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files; `client_ca`: whose client certificates are looked at, without it none are asked for."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def all(self) -> tuple[Path, ...]:
        """Every file of them."""
        found = (self.certificate, self.key, self.client_ca)
        return tuple(path for path in found if path is not None)


class ServerTls:
    """The context of the next connection; connections that are open keep the one they began with."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises OSError and ValueError when there is nothing to begin with."""
        self._files = files
        self._stamps = stamps(files.all())
        self.ends, self._context = _ends(files), _context(files)

    def __call__(self) -> ssl.SSLContext:
        return self._context

    def renew(self) -> bool | None:
        """Look at the files: None when they are as before, True when what they hold is served from now on.

        False: they do not fit each other, cannot be read or have ended; what was served before stays.
        """
        found = stamps(self._files.all())
        if found == self._stamps:
            return None
        self._stamps = found
        try:
            ends, context = _ends(self._files), _context(self._files)
        except (OSError, ValueError):
            return False
        if ends["server"] <= datetime.now(UTC):
            return False
        self.ends, self._context = ends, context
        return True


def _ends(files: TlsFiles) -> dict[str, datetime]:
    named = {"server": files.certificate, "client_ca": files.client_ca}
    return {usage: first_end(path) for usage, path in named.items() if path is not None}


class _ServerContext(ssl.SSLContext):
    """Ends a connection on which the client asks for new keys again and again.

    OpenSSL answers each such message of 27 bytes, all that have come in one go, and derives two keys for it:
    one client could keep the whole process at that, before anybody knows who it is.
    """

    def __new__(cls) -> Self:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._connections = WeakKeyDictionary()
        # The setter of `ssl` makes enumerations of all arguments, for each record.
        super(ssl.SSLContext, ssl.SSLContext)._msg_callback.__set__(made, made._seen)  # type: ignore[misc]
        return made

    _connections: WeakKeyDictionary[ssl.SSLObject, tuple[ssl.MemoryBIO, list[int]]]

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **named: Any) -> ssl.SSLObject:  # type: ignore[override]
        """As every context; asyncio and uvloop begin a connection so."""
        made = super().wrap_bio(incoming, outgoing, **named)
        self._connections[made] = incoming, [0]
        return made

    def _seen(
        self,
        connection: ssl.SSLObject,
        direction: str,
        _version: int,
        content_type: int,
        kind: int,
        _content: bytes,
    ) -> None:
        if content_type != _HANDSHAKE or kind != _KEY_UPDATE or direction != "read":
            return
        incoming, count = self._connections[connection]
        count[0] += 1
        if count[0] > _MOST_KEY_UPDATES:
            incoming.read()
            incoming.write_eof()


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = _ServerContext()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a word of its own OpenSSL would ask the terminal for that of an encrypted key, and wait.
    context.load_cert_chain(files.certificate, files.key, password="")
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
