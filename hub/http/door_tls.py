"""Whether a door may open, and with which TLS, by its settings."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from hub.errors import StartupError
from hub.http.certificates import first_end
from hub.http.tls import ServerTls, TlsFiles
from hub.settings.files import contents


class DoorFiles(Protocol):
    """What the settings of a door say of its address and its TLS."""

    @property
    def host(self) -> str: ...

    @property
    def certificate_file(self) -> Path | None: ...

    @property
    def key_file(self) -> Path | None: ...


def check_tls(settings: DoorFiles, environment: str, prefix: str) -> None:
    """`StartupError` unless TLS is on, or the door opens on loopback only, in environment `test`.

    `prefix` is that of the settings: `HUB_GATEWAY`.
    """
    has_certificate = settings.certificate_file is not None
    if has_certificate is not (settings.key_file is not None):
        raise StartupError(f"{prefix}__CERTIFICATE_FILE, {prefix}__KEY_FILE: set both or none")
    if not has_certificate and (environment != "test" or not _is_loopback(settings.host)):
        raise StartupError(
            f"{prefix}__CERTIFICATE_FILE: without TLS this door is for loopback only, in environment test"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_tls(settings: DoorFiles, prefix: str, client_ca: Path | None = None) -> ServerTls | None:
    """What is served over TLS, None without files; raises `StartupError` for files that are of no use."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    files = TlsFiles(settings.certificate_file, settings.key_file, client_ca)
    contents(f"{prefix}__CERTIFICATE_FILE", files.certificate, first_end)
    contents(f"{prefix}__KEY_FILE", files.key, Path.read_bytes)
    if client_ca is not None:
        contents(f"{prefix}__CLIENT_CA_FILE", client_ca, first_end)
    try:
        return ServerTls(files)
    except (OSError, ValueError) as error:
        wrong = f"TLS cannot be set up: {type(error).__name__}"
        raise StartupError(f"{prefix}__CERTIFICATE_FILE, {prefix}__KEY_FILE: {wrong}") from None


def no_tls() -> ssl.SSLContext | None:
    """Of a door without."""
    return None
