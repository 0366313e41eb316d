"""The machine itself: room on the disk of the documents, and who may read the file of the master key."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from hub.checks.check import Check, Finding
from hub.http.descriptors import gateway_shortage
from hub.settings import GatewaySettings
from hub.settings.documents import DocumentsSettings

LEAST_FREE_BYTES = 2 << 30
LEAST_FREE_SHARE = 0.05


def key_file_check(path: Path) -> Check:
    """Nobody but its owner may read the master key."""

    async def look() -> Sequence[Finding]:
        return key_file_findings(path)

    return Check("master_key", "only its owner may read the file of the master key", look, ends_start=False)


def key_file_findings(path: Path) -> list[Finding]:
    """What is wrong with the file."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        remedy = "put the master key back, or set HUB_MASTER_KEY_FILE"
        return [Finding(f"{path}: {error.strerror}", remedy)]
    if mode & 0o077:
        return [Finding(f"{path} has mode {mode:04o}: others may read it", f"chmod 600 {path}")]
    return []


def descriptors_check(settings: GatewaySettings) -> Check:
    """Every connection that a gateway lets in has its file descriptor."""

    async def look() -> Sequence[Finding]:
        shortage = gateway_shortage(settings)
        remedy = "raise the limit (ulimit -n, LimitNOFILE) or lower HUB_GATEWAY__MAX_CONNECTIONS"
        return [Finding(shortage, remedy)] if shortage is not None else []

    return Check("descriptors", "a file descriptor for each connection of the gateway", look)


def disk_check(settings: DocumentsSettings) -> Check:
    """There is room for documents; a bucket has room enough."""

    async def look() -> Sequence[Finding]:
        if settings.url is not None:
            return []
        folder = _existing(settings.folder)
        usage = shutil.disk_usage(folder)
        return disk_findings(folder, usage.free, usage.total)

    return Check("disk", "room on the disk of the documents", look, ends_start=False)


def _existing(folder: Path) -> Path:
    found = folder.resolve()
    while not found.exists():
        found = found.parent
    return found


def disk_findings(folder: Path, free: int, total: int) -> list[Finding]:
    """Too little is less than 2 GiB, or than a twentieth of a small disk (pure)."""
    if free >= min(LEAST_FREE_BYTES, total * LEAST_FREE_SHARE):
        return []
    return [
        Finding(
            f"{folder}: {free >> 20} MiB of {total >> 20} MiB are free",
            "give the disk more room, or lower HUB_RETENTION__UPLOAD_DAYS",
        )
    ]
