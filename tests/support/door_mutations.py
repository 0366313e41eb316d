"""Test support: calls of the portal, altered at random in ways that know their structure."""

from __future__ import annotations

import copy
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

SIGNED: Final = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang",
    "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
_ODD: Final[tuple[Any, ...]] = (
    None, "", " ", "\u00a0\u200b", 0, 1, -1, 1.0, 1.5, 1e300, True, False, [], {}, [[]], ["x"], [None],
    {"a": None},
    "\ud800", "a\udc00b", "\ud83d", "\0", "\x1b[2J", "\x85", "\ufffe", "|", "a|b", "||||", "\u0300" * 60,
    unicodedata.normalize("NFD", "Nguyễn Thị Thử"), "Lò Văn Ðạt", "０９１２", "x" * 5000, "9" * 400, 10**40,
    "0912 345 678", "083190000001", "00", "0", "99", "VND", "True", "CONFIRM", "QUERY", "20260302091500",
    "00010101000000", "99991231235959", "01a207d4-6a91-8fad-a593-6c005373053c", "ref:x", "';--", "%s{field}",
)  # fmt: skip

Body = dict[str, Any]


def joined(texts: list[str], secret: str) -> str:
    """MaXacThuc by the rule of the contract."""
    return hashlib.sha256("|".join([*texts, secret]).encode("utf-8", "surrogatepass")).hexdigest()


def is_genuine(raw: bytes, names: tuple[str, ...], secret: str) -> bool:
    """Whether a body is one that the platform may have signed, judged apart from the code under test."""
    try:
        body = json.loads(raw)
        texts = [_signed_text(body.get(name)) for name in names]
    except (ValueError, AttributeError, RecursionError):
        return False
    return not any("|" in text for text in texts) and body.get("MaXacThuc") == joined(texts, secret)


def _signed_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError("no text")  # noqa: TRY004  as what is no JSON
    return "" if value is None else str(int(value)) if isinstance(value, float) else str(value)


@dataclass(slots=True)
class Mutator:
    """Endless altered calls of `bases` (path, body); `heard` are hashes that the door has given away."""

    random: Random
    bases: list[tuple[str, Body]]
    heard: list[str] = field(default_factory=list)

    def calls(self, count: int) -> Iterator[tuple[str, bytes]]:
        """So many paths and bodies."""
        for _ in range(count):
            path, base = self.random.choice(self.bases)
            body = copy.deepcopy(base)
            for _ in range(self.random.choice((0, 1, 1, 2, 3))):
                self._alter(body)
            if self.heard and self.random.random() < 0.3:
                body["MaXacThuc"] = self.random.choice(self.heard)
            yield path, self._written(body)

    def _alter(self, body: Body) -> None:
        holder = self._holder(body)
        names: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not names:
            return
        name = self.random.choice(names)
        match self.random.randrange(8):
            case 0 | 1 | 2:
                holder[name] = copy.deepcopy(self.random.choice(_ODD))
            case 3:
                del holder[name]
            case 4:
                holder[name] = [holder[name]] if self.random.random() < 0.5 else {"x": holder[name]}
            case 5:
                holder[name] = self._rewritten(holder[name])
            case 6 if isinstance(holder, dict):
                holder[str(self.random.choice(("la", "\ud800", "", "MaHoSo ")))] = self.random.choice(_ODD)
            case _:
                self._shift(body)

    def _holder(self, body: Body) -> Any:
        """The body or something in it that holds values."""
        holder: Any = body
        while self.random.random() < 0.5:
            inner = list(holder.values()) if isinstance(holder, dict) else holder
            deeper = [value for value in inner if isinstance(value, dict | list) and value]
            if not deeper:
                break
            holder = self.random.choice(deeper)
        return holder

    def _rewritten(self, value: Any) -> Any:
        """The same in another writing."""
        if isinstance(value, str):
            forms = (
                unicodedata.normalize("NFD", value), f" {value}\u00a0", value.lower(), f"{value}|",
                int(value) if value.isdecimal() and value.isascii() else value, value[:-1], value * 2,
            )  # fmt: skip
            return self.random.choice(forms)
        return str(value) if isinstance(value, int) else value

    def _shift(self, body: Body) -> None:
        """Let one signed field hold several, as a signature over other fields would need."""
        start, length = self.random.randrange(len(SIGNED)), self.random.randrange(2, 5)
        group = SIGNED[start : start + length]
        target = self.random.choice(group)
        whole = "|".join(str(body.get(name, "")) for name in group)
        for name in group:
            body.pop(name, None)
        body[target] = whole

    def _written(self, body: Body) -> bytes:
        chance = self.random.random
        text = json.dumps(body, ensure_ascii=chance() < 0.5, indent=2 if chance() < 0.1 else None)
        if chance() < 0.05 and text.startswith("{"):
            name = self.random.choice(SIGNED)
            text = "{" + json.dumps({name: self.random.choice(_ODD)})[1:-1] + "," + text[1:]
        if chance() < 0.02:
            text = '{"data":' * 3000 + text
        coding = "utf-16-le" if chance() < 0.02 else "utf-8-sig" if chance() < 0.04 else "utf-8"
        raw = bytearray(text.encode(coding, "surrogatepass"))
        if chance() < 0.1 and raw:
            raw[self.random.randrange(len(raw))] = self.random.randrange(256)
        return bytes(raw[: self.random.randrange(len(raw) + 1)] if chance() < 0.04 else raw)
