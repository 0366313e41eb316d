"""The certificates that a process serves or uses: when they end, and a look at their files now and then."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from hub.http.metrics import HttpMetrics
from hub.logs import log

_LOOK_S = 5.0
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
"""What cryptography raises for certificates that are none, or of kinds that it does not know."""
Stamps = tuple[tuple[int, ...], ...]


def first_end(path: Path) -> datetime:
    """When the first of a file's certificates ends; raises OSError and ValueError."""
    try:
        return min(found.not_valid_after_utc for found in x509.load_pem_x509_certificates(path.read_bytes()))
    except _UNREADABLE as error:
        raise ValueError(f"{path}: {type(error).__name__}") from None


def stamps(paths: Iterable[Path]) -> Stamps:
    """What changes with a file: also a link that leads elsewhere, and a copy with its old time."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


class Renewed(Protocol):
    """What is served from files that may change."""

    @property
    def ends(self) -> Mapping[str, datetime]:
        """When what is served now ends, by use."""
        ...

    def renew(self) -> bool | None:
        """Look at the files; None: unchanged, True: served from now on, False: unfit, nothing changed."""
        ...


class CertificateWatch:
    """Tells when the certificates of a process end, and renews what is served; SIGHUP: look now.

    `files`: what is only used, by its use.
    """

    def __init__(
        self, metrics: HttpMetrics, files: Mapping[str, Path | None], served: Renewed | None = None
    ) -> None:
        self._metrics = metrics
        self._files = {usage: path for usage, path in files.items() if path is not None}
        self._served = served
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        if threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wanted.set)
        while True:
            self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._wanted.wait()
                    self._wanted.clear()
                    log("certificates_looked_at")

    def look(self) -> None:
        """One look at all files."""
        if self._served is not None:
            self._renew(self._served)
        for usage, path in self._files.items():
            with contextlib.suppress(OSError, ValueError):
                self._tell(usage, first_end(path))

    def _renew(self, served: Renewed) -> None:
        is_renewed = served.renew()
        if is_renewed is not None:
            outcome = "renewed" if is_renewed else "refused"
            log(f"certificate_{outcome}", usage="server")
            self._metrics.certificate_renewals.labels(outcome).inc()
        for usage, end in served.ends.items():
            self._tell(usage, end)

    def _tell(self, usage: str, end: datetime) -> None:
        self._metrics.certificate_expiry.labels(usage).set(end.timestamp())
