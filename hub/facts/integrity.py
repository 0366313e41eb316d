"""Keyed checks of what is stored: who has the database alone can alter no row unseen, nor guess contents.

A check (BLAKE2b, 16 bytes) covers what a row says, with the kind of row in it. The key is derived from the
master key; processes without the master key get it as a file of its own.
"""

from __future__ import annotations

import hmac
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from hub.errors import StartupError
from hub.facts.look_up_key import LookUpKey
from hub.facts.private_file import write_private

FILE_NAME, REPORTS_FILE_NAME = "store.key", "reports.key"
"""Beside the file of the master key; the second is all that adapters need."""

CHECK_BYTES, DIGEST_BYTES = 16, 32
ERASED = b"erased".ljust(DIGEST_BYTES, b"\0")
"""The digest of a request whose dossier was erased: its id is known, its contents are not."""

_LABEL, _REPORTS, _LOOK_UP = b"onestop store key 1", b"onestop reports key 1", b"onestop look-up key 1"


class StoreKey:
    """Makes the checks of rows, and the digests by which repeats of a request are known."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._request = blake2b(key=key, digest_size=DIGEST_BYTES, person=b"request")
        self._row = blake2b(key=key, digest_size=CHECK_BYTES, person=b"row")
        self._fact, self._dossier, self._inbox, self._alias, self._offset, self._segment, self._blocked = (
            blake2b(key=key, digest_size=CHECK_BYTES, person=kind)
            for kind in (b"fact", b"dossier", b"inbox", b"alias", b"offset", b"segment", b"blocked")
        )

    @classmethod
    def of(cls, master: bytes) -> StoreKey:
        """Derived from the master key, which cannot be found from it."""
        return cls(hmac.digest(master, _LABEL, "sha256"))

    @property
    def reports(self) -> StoreKey:
        """The key of adapters, for the checks of their reports: the store key cannot be found from it."""
        return StoreKey(hmac.digest(self._key, _REPORTS, "sha256"))

    @cached_property
    def look_up(self) -> LookUpKey:
        """The key of what an applicant shows to look a dossier up."""
        return LookUpKey(hmac.digest(self._key, _LOOK_UP, "sha256"))

    @classmethod
    def from_file(cls, path: Path, setting: str = "HUB_STORE_KEY_FILE") -> StoreKey:
        """Read 64 hex digits; `StartupError` names the file, never its content."""
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise StartupError(f"{setting}: {path} cannot be read as hex ({type(error).__name__})") from None
        if len(key) != 32:
            raise StartupError(f"{setting}: {path} must hold 32 bytes in hex, it holds {len(key)}")
        return cls(key)

    def write_files(self, folder: Path) -> None:
        """Write this key and that of adapters into files of mode 0600, also where there are some."""
        self.write_file(folder / FILE_NAME)
        self.reports.write_file(folder / REPORTS_FILE_NAME)

    def write_file(self, path: Path) -> None:
        """Into a file of mode 0600; one that is there is written anew."""
        write_private(path, f"{self._key.hex()}\n")

    def digest(self, request: bytes) -> bytes:
        """What is kept of a request's SHA-256: without the key nobody can try out contents on it."""
        return _check(self._request, request)

    def is_repeat(self, stored: bytes, request: bytes) -> bool:
        """Whether a request is the stored one; after an erasure its id alone decides."""
        return stored == ERASED or stored == self.digest(request)

    # Checks of rows. No two rows of a kind come to the same bytes: what has no fixed length comes with it or
    # comes last, and a row that the hub writes at no time (with U+001F in a text, with a digest of another
    # length, with an empty value for a missing one) is counted out by `row`.

    def fact(self, hashed: bytes) -> bytes:
        """Of a fact, by the hash of its bytes: they name its dossier and its sequence."""
        return _check(self._fact, hashed)

    def dossier(
        self, dossier_id: str, head: bytes | None, sequence: int, state: bytes | None,
        private: bytes | None, wrapped: bytes | None,
    ) -> bytes:  # fmt: skip
        """Of a dossier with its key; without a key it is erased. How much of it is parked is not covered."""
        if wrapped == b"":
            return self.row("dossier", dossier_id, head, sequence, state, private, wrapped)
        lengths = f"{dossier_id}\x1f{sequence}\x1f{_size(head)}\x1f{_size(state)}\x1f{_size(private)}\x1f"
        return _check(
            self._dossier,
            b"".join((lengths.encode(), head or b"", state or b"", private or b"", wrapped or b"")),
        )

    def inbox(
        self, participant: str, request_id: str, digest: bytes, receipt: bytes | None, dossier_id: str | None
    ) -> bytes:
        """Of an answered or parked request."""
        names = f"{participant}\x1f{request_id}\x1f{dossier_id or ''}\x1f"
        if len(digest) != DIGEST_BYTES or receipt == b"" or dossier_id == "" or names.count("\x1f") != 3:
            return self.row("inbox", participant, request_id, digest, receipt, dossier_id)
        return _check(self._inbox, b"".join((names.encode(), digest, receipt or b"")))

    def alias(self, alias: str, dossier_id: str) -> bytes:
        """Of a name and the dossier that it leads to."""
        if "\x1f" in alias:
            return self.row("alias", alias, dossier_id)
        return _check(self._alias, f"{alias}\x1f{dossier_id}".encode())

    def offset(
        self, topic: str, partition: int, topic_id: str, following: int, batch: str | None,
        goes_on: int | None = None,
    ) -> bytes:  # fmt: skip
        """Of a stored offset and the batch that set it; `goes_on` is where an accepted gap would end."""
        parts = (topic, str(partition), topic_id, str(following), batch or "", str(goes_on))
        joined = "\x1f".join(parts)
        if batch == "" or joined.count("\x1f") != len(parts) - 1:
            return self.row("offset", topic, partition, topic_id, following, batch, goes_on)
        return _check(self._offset, joined.encode())

    def marks(self, topic: str, partition: int, topic_id: str, probing: int | None, marks: int) -> bytes:
        """Of the number of processes that touched a record alone."""
        return self.row("marks", topic, partition, topic_id, probing, marks)

    def segment(self, shard: int, payload: bytes) -> bytes:
        """Of messages that wait to be published."""
        return _check(self._segment, b"%d\x1f%b" % (shard, payload))

    def blocked(self, topic: str, shard: int, payload: bytes) -> bytes:
        """Of a message set aside: its topic could not be written."""
        if "\x1f" in topic:
            return self.row("blocked", topic, shard, payload)
        return _check(self._blocked, b"%b\x1f%d\x1f%b" % (topic.encode(), shard, payload))

    def row(self, table: str, *values: object) -> bytes:
        """Of a row of another table (hub/facts/checked.py), by texts, numbers, bytes and lists of them."""
        return _check(self._row, _counted((table, *values)))


def _check(fresh: blake2b, content: bytes) -> bytes:
    check = fresh.copy()
    check.update(content)
    return check.digest()


def _counted(value: object) -> bytes:
    """With its length before it, so that no two lists of values come to the same bytes."""
    if value is None:
        return b"-"
    if isinstance(value, list | tuple):
        content = b"".join(map(_counted, value))
    else:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(content), content)


def _size(content: bytes | None) -> int:
    return -1 if content is None else len(content)
