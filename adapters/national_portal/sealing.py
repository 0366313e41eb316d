"""What the adapter keeps of persons is sealed: AES-256-GCM and a keyed digest, with keys of `record_key`."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.national_portal.errors import UnopenedError

_MARK: Final = b"\x01"
"""First byte of what is sealed or keyed; what was kept in clear before begins with a brace, or is shorter."""
_NONCE_BYTES: Final = 12


class RecordSeal:
    """Seals with keys that lie apart from the database; each use has a key of its own."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(hmac.digest(key.encode(), b"onestop.portal.record.v1", "sha256"))
        self._digest_key = hmac.digest(key.encode(), b"onestop.portal.lodging.v1", "sha256")

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Mark, nonce and ciphertext; `bound_to` (the row's key) must be given again to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + nonce + self._cipher.encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The plain bytes; UnopenedError for what is altered, of another row or another key."""
        nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _MARK or len(nonce) != _NONCE_BYTES:
            raise UnopenedError("not sealed")
        try:
            return self._cipher.decrypt(nonce, content, bound_to.encode())
        except InvalidTag:
            raise UnopenedError("sealed with another key, or altered") from None

    def digest(self, content: bytes, bound_to: str) -> bytes:
        """A digest that nobody without the key can compare guesses with."""
        plain = hashlib.sha256(content).digest() + bound_to.encode()
        return _MARK + hmac.digest(self._digest_key, plain, "sha256")
