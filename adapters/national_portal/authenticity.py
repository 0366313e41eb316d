"""MaXacThuc of the payment platform (PayPlat 1.0.6): whether a message is genuine, and how ours are (pure).

Contract 6.1: the lower-case hex SHA-256 of fields joined by `|`, the secret last. The scheme keeps neither
fields nor kinds of message apart, and whoever has one message can try secrets on it. Hence: no field holds
the separator; each kind differs from the others in the number of its fields or in its first one; nothing is
signed for a caller whose own message was not genuine; a short secret is refused at start.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from hub.delivery.foreign_text import exact_text

SEPARATOR: Final = "|"
CONFIRM: Final = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang",
    "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
"""A result that the platform tells."""
ANSWER: Final = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""Our answer to it; its first field is 00 or 99."""
LOOKUP: Final = ("MaHoSo",)
"""The platform's look-up of what is payable (assumed)."""
BILL: Final = ("MaHoSo", "MaThamChieu", "SoTien", "MaTienTe")
"""Our answer to it (assumed)."""
QUERY: Final = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""Our question what became of a payment; its first field is QUERY."""


def authenticator(fields: Mapping[str, str], names: tuple[str, ...], secret: str) -> str:
    """MaXacThuc over these fields; ValueError when one holds the separator and could stand for two."""
    values = [fields[name] for name in names]
    if any(SEPARATOR in value for value in values):
        raise ValueError("the separator in a signed field")
    return hashlib.sha256(SEPARATOR.join([*values, secret]).encode()).hexdigest()


def genuine_fields(body: Mapping[str, Any], names: tuple[str, ...], secret: str) -> dict[str, str] | None:
    """The signed fields as they were written (unset ones empty); None unless the caller knows the secret.

    Takes the same time for any wrong MaXacThuc. What is not among the fields returned was not signed.
    """
    try:
        fields = {name: exact_text(body.get(name)) for name in names}
        expected, given = authenticator(fields, names, secret), exact_text(body.get("MaXacThuc"))
    except ValueError:
        return None
    return fields if hmac.compare_digest(expected.encode(), given.encode()) else None
