"""The second factor of a look-up by everybody: the check code of Form 01, or the end of a telephone number.

A check code is derived from the dossier's code, so nothing of it is stored. Of the last four digits a keyed
digest is stored, bound to their dossier: nobody tries out ten thousand numbers without the key.
"""

from __future__ import annotations

import hmac
import re
from hashlib import blake2b

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Those of Crockford's Base32: none looks like another."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": None, " ": None})
_LENGTH, _BITS, _MACHINE_BITS = 8, 40, 128
_DIGITS = 4
_PHONE = re.compile(r"[0-9]{4}", re.ASCII)
PHONE_ALIAS = "phone:"
"""How the names of such digests begin among the aliases."""


class LookUpKey:
    """Derived from the store key, which cannot be found from it."""

    def __init__(self, key: bytes) -> None:
        self._check = blake2b(key=key, digest_size=_BITS // 8, person=b"check code")
        self._machine = blake2b(key=key, digest_size=_MACHINE_BITS // 8, person=b"queue machine")
        self._phone = blake2b(key=key, digest_size=16, person=b"phone")

    def check_code(self, code: str) -> str:
        """What stands on the form of the dossier with this official code: `7K3M-9QXR`."""
        digest = self._check.copy()
        digest.update(code.encode())
        number = int.from_bytes(digest.digest())
        letters = "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
        return f"{letters[:4]}-{letters[4:]}"

    def is_check_code(self, code: str, shown: str) -> bool:
        """Whether somebody has shown it, in the same time for every wrong one."""
        right = self.check_code(code).replace("-", "")
        return hmac.compare_digest(right.encode(), shown.upper().translate(_READ_AS).encode())

    def machine_code(self, one_stop: str) -> str:
        """What lets the machines of a one-stop draw numbers of its queue, and nobody else."""
        digest = self._machine.copy()
        digest.update(one_stop.encode())
        return digest.hexdigest()

    def is_machine_code(self, one_stop: str, shown: str) -> bool:
        """Whether somebody has shown it, in the same time for every wrong one."""
        return hmac.compare_digest(self.machine_code(one_stop).encode(), shown.encode())

    def phone_alias(self, dossier_id: str, digits: str) -> str:
        """The name under which the last four digits of the applicant's telephone lead to the dossier."""
        digest = self._phone.copy()
        digest.update(f"{dossier_id}\x1f{digits}".encode())
        return f"{PHONE_ALIAS}{digest.hexdigest()}"


def last_digits(phone: str | None) -> str | None:
    """Those of a telephone number that are asked for; None without a number."""
    return phone[-_DIGITS:] if phone is not None else None


def are_digits(shown: str) -> bool:
    """Whether somebody has shown the end of a telephone number, and no check code."""
    return _PHONE.fullmatch(shown) is not None
