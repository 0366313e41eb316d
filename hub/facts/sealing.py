"""Sealing of personal fields: AES-256-GCM with a key per dossier, wrapped by the master key (RFC 3394)."""

from __future__ import annotations

import hmac
import os
from datetime import date
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from msgspec import Struct

from hub.errors import AlteredRowError, StartupError, StopError
from hub.facts.integrity import StoreKey
from hub.facts.private_file import write_private
from hub.facts.term_keys import TermKeys
from hub.settings import Settings

NONCE_BYTES = 12
SEED_UNREADABLE = AlteredRowError("term_seed", "the hub has not written it: licensed data wait")
_WRONG_MASTER_KEY = "HUB_MASTER_KEY_FILE: the master key does not fit the stored dossier keys"
_CACHED_KEYS = 4096


class DossierKey(Struct, frozen=True, gc=False):
    """The opened key of one dossier; destroying the wrapped form makes its personal fields unreadable."""

    wrapped: bytes
    cipher: AESGCM
    terms: TermKeys | None = None
    opened: bytes = b""

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "DossierKey"

    @property
    def paper_mark(self) -> str:
        """Stands unseen in each paper of the dossier, so that nobody finds what is on one by its digest."""
        return hmac.digest(self.opened, b"mark of papers", "sha256")[:16].hex()

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Nonce and ciphertext; `bound_to` (the fact's id) must be given again to open it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, plain, bound_to)

    def seal_until(self, plain: bytes, bound_to: bytes, last: date) -> bytes:
        """As `seal`, and nobody can open it any more once the keys of that day are destroyed.

        Raises `AlteredRowError` while the seed of these keys cannot be read, as `open_until` does.
        """
        terms = self._terms()
        cipher = terms.cipher(max(last, terms.day))
        assert cipher is not None
        nonce = os.urandom(NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, self.seal(plain, bound_to), bound_to)

    def open_until(self, sealed: bytes, bound_to: bytes, last: date) -> bytes | None:
        """What `seal_until` has sealed; None when the day's key is destroyed. Raises as `open`."""
        cipher = self._terms().cipher(last)
        if cipher is None:
            return None
        return self.open(cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to), bound_to)

    def _terms(self) -> TermKeys:
        if self.terms is None:
            raise SEED_UNREADABLE
        return self.terms

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """The plain bytes; raises `cryptography.exceptions.InvalidTag` for altered or foreign bytes."""
        return self.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)


class MasterKey:
    """The key that wraps all dossier keys; it lies in a file apart from the database and its backups."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.store = StoreKey.of(key)
        self.terms: TermKeys | None = None
        self._opened = lru_cache(maxsize=_CACHED_KEYS)(self._unwrap)

    @classmethod
    def from_file(cls, path: Path) -> MasterKey:
        """Read 64 hex digits; `StartupError` names the file, never its content."""
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise StartupError(
                f"HUB_MASTER_KEY_FILE: {path} cannot be read as hex ({type(error).__name__})"
            ) from None
        if len(key) != 32:
            raise StartupError(f"HUB_MASTER_KEY_FILE: {path} must hold 32 bytes in hex, it holds {len(key)}")
        return cls(key)

    @classmethod
    def create_file(cls, path: Path) -> MasterKey:
        """Draw a master key into a file of mode 0600 that must not exist yet; keys of checks go beside it."""
        key = os.urandom(32)
        write_private(path, f"{key.hex()}\n", is_new=True)
        master = cls(key)
        master.store.write_files(path.parent)
        return master

    def new_key(self) -> DossierKey:
        """Draw the key of a new dossier."""
        key = os.urandom(32)
        return DossierKey(self.wrap(key), AESGCM(key), self.terms, key)

    def wrap(self, key: bytes) -> bytes:
        """A key as it may be stored."""
        return aes_key_wrap(self._key, key)

    def unwrapped(self, wrapped: bytes) -> bytes:
        """The key of `wrap`; `StopError` when it was wrapped by another master key."""
        try:
            return aes_key_unwrap(self._key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise StopError(_WRONG_MASTER_KEY) from None

    def unwrap(self, wrapped: bytes) -> DossierKey:
        """Open a stored dossier key; `StopError` when it was wrapped by another master key."""
        return self._opened(wrapped)

    def forget(self) -> None:
        """Let go of all opened keys: one of them may have been destroyed."""
        self._opened.cache_clear()

    def _unwrap(self, wrapped: bytes) -> DossierKey:
        key = self.unwrapped(wrapped)
        return DossierKey(wrapped, AESGCM(key), self.terms, key)

    def quarantine(self, dossier_id: str) -> DossierKey:
        """For requests that wait because the row of their dossier, and so its key, cannot be trusted."""
        key = hmac.digest(self._key, b"quarantine " + dossier_id.encode(), "sha256")
        return DossierKey(b"", AESGCM(key))

    def must_fit(self, wrapped: bytes | None) -> None:
        """`StartupError` when a stored dossier key (None: there is none yet) was wrapped by another key."""
        try:
            if wrapped is not None:
                self.unwrap(wrapped)
        except StopError as error:
            raise StartupError(str(error)) from None


def store_key_of(settings: Settings) -> StoreKey:
    """The key of the rows' checks: from its own file where one is set, else from the master key."""
    if settings.store_key_file is not None:
        return StoreKey.from_file(settings.store_key_file)
    return MasterKey.from_file(settings.master_key_file).store
