"""What applicants say of a dossier that they have looked up: ratings (3.1) and complaints (6.2.đ)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from hub.public.asking import Fields
from hub.public.feedback_pages import (
    ABOUT,
    KIND,
    KINDS,
    NAME,
    NONCE,
    OFFICIAL,
    SUBJECTS,
    TEXT,
    complaint_page,
    said_page,
    score_field,
)
from hub.public.limits import Limits
from hub.public.pages import Asked
from hub.public.sending import PageSender, Receipt
from hub.public.standing import SIDES, Standing
from schemas.feedback import RecordComplaint, RecordRating

_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ONCE: Final = frozenset({"rule.3.1", "security.id_reused"})
"""The hub has a rating of this side already, of another score or of the same request."""
_MOST_TEXT, _MOST_NAME = 4000, 100


class Voices:
    """Sends as the page's own participant; who may speak of a dossier was looked at before."""

    def __init__(self, sender: PageSender, limits: Limits) -> None:
        self._sender = sender
        self._limits = limits

    async def rate(self, asked: Asked, fields: Fields, standing: Standing) -> str:
        """Each side once: the id of the request is that of the side and the dossier."""
        scores = {side: _score(fields.get(score_field(side), ""), standing) for side in standing.unrated}
        given = {side: score for side, score in scores.items() if score is not None}
        if not given:
            is_again = any(fields.get(score_field(side)) for side in SIDES if side not in standing.unrated)
            return said_page(asked, "rated" if is_again or not standing.unrated else "incomplete")
        said = "sent"
        for side, score in given.items():
            data = {"about": side, "score": score, "way": "kiosk" if asked.is_kiosk else "page"}
            receipt = await self._sender.ask(
                RecordRating.type, asked.code, data, f"rating:{side}:{asked.code}"
            )
            if receipt is None:
                said = "waits"
            elif not receipt.is_accepted:
                return _refused(asked, receipt)
        return said_page(asked, said)

    async def complain(self, asked: Asked, fields: Fields, now_s: float) -> str:
        """The form first; what was filled in then, once, however often it is sent."""
        if NONCE not in fields:
            return complaint_page(asked, uuid4().hex)
        data = _complaint(fields)
        if data is None or not _NONCE.fullmatch(fields[NONCE]):
            return said_page(asked, "incomplete")
        if self._limits.complain(asked.code, now_s) is not None:
            return said_page(asked, "limited")
        request = f"complaint:{fields[NONCE]}"
        receipt = await self._sender.ask(RecordComplaint.type, asked.code, data, request)
        if receipt is None:
            return said_page(asked, "waits")
        return said_page(asked, "sent") if receipt.is_accepted else _refused(asked, receipt)


def _refused(asked: Asked, receipt: Receipt) -> str:
    if receipt.code in _ONCE:
        return said_page(asked, "rated")
    return said_page(asked, "not_taken", message=receipt.message[asked.language == "en"])


def _score(text: str, standing: Standing) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= 3
    return int(text) if is_number and 1 <= int(text) <= standing.rating_scale else None


def _complaint(fields: Fields) -> Mapping[str, Any] | None:
    """The data of the request; None where something that has to be there is not, or is too long."""
    kind, about = fields.get(KIND, ""), fields.get(ABOUT, "")
    text, name, official = (fields.get(one, "").strip() for one in (TEXT, NAME, OFFICIAL))
    is_whole = kind in KINDS and about in SUBJECTS and bool(text) and bool(name)
    is_short = len(text) <= _MOST_TEXT and max(len(name), len(official)) <= _MOST_NAME
    if not is_whole or not is_short or (about == "official" and not official):
        return None
    data: dict[str, Any] = {
        "kind": kind, "about": about, "way": "page", "text": _plain(text), "complainant": _plain(name),
    }  # fmt: skip
    return data | ({"official": _plain(official)} if about == "official" else {})


def _plain(text: str) -> str:
    """As the published contract takes texts: NFC, lines ended by a line feed, no other control signs."""
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(sign for sign in lines if sign == "\n" or sign.isprintable())
