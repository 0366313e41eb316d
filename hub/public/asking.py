"""What somebody sent to the page: a query or a form, small, read within a time, in fields."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from hub.forms.look_up import CODE, FACTOR
from hub.http.answer import Message, Receive
from hub.public.look_up import clean_code
from hub.public.pages import KIOSK, LANGUAGE, Asked

_MOST_BYTES: Final = 48 << 10
"""Of a complaint of 4,000 letters, each written as three bytes and each byte as three signs."""
_MOST_FIELDS: Final = 20
_BODY_S: Final = 10.0
_FORM = b"application/x-www-form-urlencoded"
Fields = Mapping[str, str]


class NotReadableError(Exception):
    """A body that is too large, too slow or no form."""


async def read_fields(scope: Message, receive: Receive) -> Fields:
    """The fields of the query, or of the form that was posted; of a repeated one the first."""
    given = scope["query_string"]
    if scope["method"] == "POST":
        kinds = [value for name, value in scope["headers"] if name == b"content-type"]
        if len(kinds) != 1 or kinds[0].partition(b";")[0].strip().lower() != _FORM:
            raise NotReadableError
        given = await _body(receive)
    try:
        found = parse_qs(given.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise NotReadableError from error
    return {name: values[0] for name, values in found.items()}


def asked_of(fields: Fields) -> Asked:
    """The dossier that is asked for, as people type it (pure)."""
    code, factor = clean_code(fields.get(CODE, "")), fields.get(FACTOR, "").strip()
    return Asked(code, factor, "en" if fields.get(LANGUAGE) == "en" else "vi", fields.get(KIOSK) == "1")


async def _body(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise NotReadableError
                pieces.append(message.get("body", b""))
                if sum(map(len, pieces)) > _MOST_BYTES:
                    raise NotReadableError
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError as error:
        raise NotReadableError from error
