"""What goes between the role and its renderer: frames of a length and bytes (pure)."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import msgspec
import orjson

from hub.forms.typesetting import Sheet

MADE, FAILED = b"+", b"-"
"""What an answer begins with: the paper, or the words of a `FormError`."""
_Job = tuple[dict[str, bytes], str, bytes, str, str]
_LENGTH = struct.Struct(">L")
LENGTH_BYTES = _LENGTH.size


def frame(content: bytes) -> bytes:
    """With its length in front."""
    return _LENGTH.pack(len(content)) + content


def size_of(head: bytes) -> int:
    """The length that a frame begins with."""
    (size,) = _LENGTH.unpack_from(head)
    return int(size)


def job(sheet: Sheet) -> bytes:
    """All that a paper is made of."""
    content = orjson.dumps(sheet.content)
    parts = (dict(sheet.files), sheet.template, content, sheet.made_at.isoformat(), sheet.mark)
    return msgspec.msgpack.encode(parts)


def sheet_of_job(work: bytes) -> Sheet:
    """The sheet of `job`."""
    files, template, content, made_at, mark = msgspec.msgpack.decode(work, type=_Job)
    form: dict[str, Any] = orjson.loads(content)
    return Sheet(files, template, form, datetime.fromisoformat(made_at), mark)
