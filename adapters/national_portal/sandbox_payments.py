"""The payment platform beside the portal: which payments were made, and QUERY about one of them."""

from __future__ import annotations

import hashlib
from typing import Any, Final

_ASKED: Final = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")

Item = dict[str, Any]


class Payments:
    """Payments by their number; in memory only."""

    def __init__(self, partner: str, secret: str) -> None:
        self._partner = partner
        self._secret = secret
        self._standings: dict[str, str] = {}

    def begin(self, reference: str) -> None:
        """A citizen stands before the bank's page."""
        self._standings.setdefault(reference, "3")

    def end(self, reference: str, code: str) -> None:
        """What the bank said: `00` is paid, and stays so."""
        if self._standings.get(reference) != "1":
            self._standings[reference] = "1" if code == "00" else "4"

    def query(self, body: Item) -> Item:
        """The answer to QUERY. ASSUMPTION: 99 for a number that it has not, and nothing is signed."""
        values = [str(body.get(name, "")) for name in _ASKED]
        text = "|".join([*values, self._secret])
        is_genuine = body.get("MaXacThuc") == hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        is_genuine = is_genuine and not any("|" in value for value in values)
        if body.get("LoaiBanTin") != "QUERY" or body.get("PhienBan") != "1.0.6":
            return {"MaLoi": "99", "MoTaLoi": "Bản tin không hợp lệ"}
        if not is_genuine or body.get("MaDoiTac") != self._partner:
            return {"MaLoi": "99", "MoTaLoi": "Mã xác thực không hợp lệ"}
        reference = str(body["MaThamChieu"])
        if reference not in self._standings:
            return {"MaLoi": "99", "MoTaLoi": "Không tìm thấy giao dịch"}
        return {
            "MaLoi": "00",
            "MoTaLoi": "Thành công",
            "MaDoiTac": self._partner,
            "MaThamChieu": reference,
            "TrangThaiGD": self._standings[reference],
        }
