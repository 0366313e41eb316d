"""The server's TLS from files, read anew when they change: new connections get the new certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.http.certificates import first_end, stamps


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


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a word of its own OpenSSL would ask the terminal for that of an encrypted key, and wait.
    context.load_cert_chain(files.certificate, files.key, password="")
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
