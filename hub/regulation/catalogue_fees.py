"""Reads the fees of a procedure record: an amount is taken only where nothing beside it says otherwise."""

from __future__ import annotations

import re
from decimal import Decimal

from hub.regulation.catalogue import Currency, Fee, FeeKind
from hub.regulation.record import Node

_KINDS: dict[str, FeeKind] = {"FEE": "fee", "SERVICE_FEE": "service_fee", "PRICE_LEVEL": "price_level"}
# Fees inside the country are collected in đồng (Pháp lệnh Ngoại hối Điều 22): an empty currency means đồng.
_CURRENCIES: dict[str, Currency] = {"": "VND", "Việt Nam Đồng": "VND", "USD": "USD"}
_DONG_IN_TEXT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{3})+|\d+)\s*(?:đồng|đ\b|vnđ|vnd)", re.IGNORECASE)
_BY_PIECE_IN_TEXT = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{3})+|\d+)\s*(?:đồng|đ|vnđ|vnd)\s*/\s*"
    r"(người|bản sao|bản|trang|tờ|thẻ|thửa|giấy chứng nhận|giấy|gcn)\b",
    re.IGNORECASE,
)
"""Not by the dossier (`hồ sơ`) or by the act (`lần`): those are once."""
_MOST_PIECES = 20
"""In one demand, where the record counts by the piece and no completion sets another bound."""
_FOREIGN_IN_TEXT = re.compile(r"\b(?:usd|đô la)\b", re.IGNORECASE)


def read_fee(node: Node) -> Fee:
    """Read one fee row; its amount is None, with a note, when it is missing, open or contradicted."""
    kind = _KINDS.get(node.text("type"))
    if kind is None:
        node.note("is no known kind of fee", "type")
    text = node.text("description")
    currency = _CURRENCIES.get(node.text("currencyName"))
    reason = _doubt(node, text, currency)
    if reason:
        node.note(reason, "value")
    amount = None if reason or kind is None else Decimal(node.raw("value"))
    per = _piece(int(amount), text) if amount else ""
    pieces = _MOST_PIECES if per else 1
    return Fee(kind or "fee", amount, currency if amount is not None else None, text, per, pieces)


def _piece(value: int, text: str) -> str:
    """By which piece the text counts this very sum («10.000 đồng/người»); empty when by none."""
    found = {
        piece.lower()
        for amount, piece in _BY_PIECE_IN_TEXT.findall(text)
        if Decimal(re.sub(r"[.,]", "", amount)) == value
    }
    return min(found) if len(found) == 1 else ""


def _doubt(node: Node, text: str, currency: Currency | None) -> str:
    value = node.raw("value")
    if value is None:
        return "stands in an attached table" if node.raw("attachment") else "is not published"
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return "is not a whole number from 0"
    if value == 0:
        return "is 0 beside a text: the text decides" if text else ""
    return _contradiction(value, text, currency)


def _contradiction(value: int, text: str, currency: Currency | None) -> str:
    if currency is None:
        return "is in an unknown currency"
    if currency != "VND":
        return ""
    in_dong = {Decimal(re.sub(r"[.,]", "", found)) for found in _DONG_IN_TEXT.findall(text)}
    if not in_dong and _FOREIGN_IN_TEXT.search(text):
        return "is in another currency than the text"
    return "contradicts the text" if in_dong and value not in in_dong else ""
