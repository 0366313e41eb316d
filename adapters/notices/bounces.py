"""E-mails that came back: which of ours a mail server's report (RFC 3464) is about, and their folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Final

_BEGINNING: Final = 64 << 10
"""So much of a file is read: what a report says comes before the text that it sends back."""
_OURS: Final = re.compile(r"<([\x21-\x3b\x3d\x3f\x41-\x7e]{1,64})@[^<>\s]+>")
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, slots=True)
class Bounce:
    """An e-mail that did not arrive: the id of its delivery, and the mail server's status."""

    identity: str
    status: str


def bounce_of(content: bytes) -> Bounce | None:
    """What a report says; None for anything else, and for one that says that it is only late."""
    try:
        return _bounce_of(message_from_bytes(content[:_BEGINNING]))
    except Exception:  # noqa: BLE001  anybody writes to this address, and the library raises what it likes
        return None


def _bounce_of(report: Message) -> Bounce | None:
    failed: str | None = None
    identity: str | None = None
    for part in report.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            failed = failed or _failed(part)
        elif kind == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                identity = identity or _ours(str(inner[0].get("Message-ID", "")))
        elif kind == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            headers = message_from_bytes(text if isinstance(text, bytes) else b"")
            identity = identity or _ours(str(headers.get("Message-ID", "")))
    return Bounce(identity, failed) if identity is not None and failed is not None else None


def _failed(part: Message) -> str | None:
    """The status of the first recipient for whom it failed for good."""
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else ():
        if not isinstance(group, Message):
            continue
        if str(group.get("Action", "")).strip().lower() == "failed":
            status = _STATUS.search(str(group.get("Status", "")))
            return status[0] if status is not None else "5.0.0"
    return None


def _ours(text: str) -> str | None:
    found = _OURS.search(text)
    return found[1] if found is not None else None


class BounceFolder:
    """A Maildir into which the mail server puts what came back to the sender's address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def waiting(self) -> list[Path]:
        """The new files; raises `OSError` for a folder that cannot be read."""
        new = self._folder / "new"
        return sorted(path for path in new.iterdir() if path.is_file()) if new.is_dir() else []

    def read(self, path: Path) -> Bounce | None:
        """What a file says; raises `OSError`."""
        with path.open("rb") as file:
            return bounce_of(file.read(_BEGINNING))

    def done(self, path: Path) -> None:
        """It was read: it lies in `cur` from now on. Raises `OSError`."""
        seen = self._folder / "cur"
        seen.mkdir(exist_ok=True)
        path.rename(seen / f"{path.name.partition(':')[0]}:2,S")
