"""What the portal does of itself at the province's door: look up, lodge, pay, open links."""

from __future__ import annotations

import hashlib
import ssl
from typing import Any, Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.national_portal.sandbox_payments import Payments

_CONFIRMED: Final = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang",
    "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
_LIMIT_S: Final = 20.0
# Trusts nobody: the door is plain HTTP, and to load the machine's authorities takes longer than a call.
_PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Citizen:
    """Calls the door at `base` (with its prefix); payments are signed with the shared `secret`."""

    def __init__(self, base: str | None, partner: str, secret: str) -> None:
        self._base = base
        self._partner = partner
        self._secret = secret
        self._payments = Payments(partner, secret)
        self._count = 0

    def routes(self) -> list[Route]:
        """The controls."""
        return [
            Route("/_door", self.set_door, methods=["POST"]),
            Route("/_call", self.call, methods=["POST"]),
            Route("/_pay", self.pay, methods=["POST"]),
            Route("/_fetch", self.fetch, methods=["POST"]),
        ]

    async def query(self, request: Request) -> Response:
        """QUERY of the payment platform (PayPlat)."""
        try:
            body = await request.json()
        except ValueError:
            body = None
        return JSONResponse(self._payments.query(body if isinstance(body, dict) else {}))

    async def set_door(self, request: Request) -> Response:
        """POST /_door {"base": …}: where the province is reached."""
        self._base = str((await request.json())["base"])
        return JSONResponse({"base": self._base})

    async def call(self, request: Request) -> Response:
        """POST /_call {"path": "/search/call", "body": {…}}: one call, and its answer."""
        wanted = await request.json()
        return await self._answered(wanted["path"], wanted["body"])

    async def pay(self, request: Request) -> Response:
        """POST /_pay {"MaHoSo": …, "MaLoi": "00"}: look the bill up, pay it, tell the province.

        `repeat` tells the same result again; `changes` replace fields after signing; `told`: false keeps the
        province in the dark, `ended`: false leaves the citizen before the bank's page.
        """
        wanted = await request.json()
        found = await self._post("/dptracuuthanhtoanhs", self.lookup(str(wanted["MaHoSo"])))
        if str(found.get("error_code")) != "1":
            return JSONResponse({"lookup": found, "answers": []})
        reference = found["message"]["MaThamChieu"]
        self._payments.begin(reference)
        if not wanted.get("ended", True):
            return JSONResponse({"lookup": found, "answers": []})
        self._payments.end(reference, str(wanted.get("MaLoi", "00")))
        if not wanted.get("told", True):
            return JSONResponse({"lookup": found, "answers": []})
        result = self.confirmation(found["message"], str(wanted.get("MaLoi", "00"))) | wanted.get(
            "changes", {}
        )
        answers = [
            await self._post("/dpnhankqthanhtoanhs", result) for _ in range(1 + int(wanted.get("repeat", 0)))
        ]
        return JSONResponse({"lookup": found, "result": result, "answers": answers})

    def confirmation(self, bill: dict[str, Any], code: str) -> dict[str, Any]:
        """The CONFIRM message of a bill, signed."""
        self._count += 1
        message: dict[str, Any] = {
            "LoaiBanTin": "CONFIRM",
            "MaLoi": code,
            "MaDoiTac": self._partner,
            "MaThamChieu": bill["MaThamChieu"],
            "SoTien": int(bill["SoTien"]),
            "MaTienTe": "VND",
            "MaGiaoDich": f"PP{self._count:08}",
            "MaNganHang": "PAYMENT",
            "ThoiGianGD": bill["MaTraCuuTT"][-14:],
            "ThongTinGiaoDich": "Thanh toan phi le phi",
        }
        return self._signed(message, _CONFIRMED)

    def lookup(self, code: str) -> dict[str, Any]:
        """The look-up of what is payable, signed over its one field. ASSUMPTION."""
        return self._signed({"MaHoSo": code}, ("MaHoSo",))

    def _signed(self, message: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        text = "|".join([*(str(message[name]) for name in names), self._secret])
        return {**message, "MaXacThuc": hashlib.sha256(text.encode()).hexdigest()}

    async def fetch(self, request: Request) -> Response:
        """POST /_fetch {"url": …}: open a link as the portal does; status, size and SHA-256."""
        async with httpx.AsyncClient(trust_env=False, timeout=_LIMIT_S, verify=_PLAIN) as http:
            answer = await http.get(str((await request.json())["url"]))
        digest = hashlib.sha256(answer.content).hexdigest()
        return JSONResponse({"status": answer.status_code, "size": len(answer.content), "sha256": digest})

    async def _answered(self, path: str, body: Any) -> Response:
        return JSONResponse(await self._post(path, body))

    async def _post(self, path: str, body: Any) -> Any:
        if self._base is None:
            return {"error": "no door: POST /_door first"}
        async with httpx.AsyncClient(trust_env=False, timeout=_LIMIT_S, verify=_PLAIN) as http:
            answer = await http.post(self._base + path, json=body)
        return answer.json() if answer.status_code == 200 else {"http_status": answer.status_code}
