"""Ids and shards that are derived, never drawn: the same request always gives the same ones (pure)."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256


def derived_id(time_ms: int, *parts: str) -> str:
    """A UUID (version 8, RFC 9562) of a time and words: time-ordered like version 7, else 74 bits of SHA-256.

    `time_ms` is the time of receipt in ms since 1970; `parts` must not hold a unit separator (0x1f).
    """
    digest = sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{_head(time_ms)}{digest[:3]}-{_VARIANT[digest[3]]}{digest[4:7]}-{digest[7:19]}"


@lru_cache(maxsize=1024)
def _head(time_ms: int) -> str:
    head = f"{time_ms & 0xFFFFFFFFFFFF:012x}"
    return f"{head[:8]}-{head[8:]}-8"


_UUID_LENGTH = 36
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def shard_of(dossier_id: str, shards: int) -> int:
    """The outbox shard of a dossier: 0 <= shard < shards."""
    return int(dossier_id[-6:], 16) % shards


@lru_cache(maxsize=4096)
def shard_of_key(key: str, shards: int) -> int:
    """The outbox shard of a message's key, which is a dossier id or, before there is one, any text."""
    return shard_of(key if is_uuid(key) else derived_id(0, key), shards)


def is_uuid(text: str) -> bool:
    """Whether a subject is written as a canonical dossier id; all else is an alias."""
    return len(text) == _UUID_LENGTH and _UUID.fullmatch(text) is not None


def alias_of(subject: str, sender: str) -> str:
    """How a subject that is no dossier id is looked up: references belong to their participant."""
    return f"ref:{sender}:{subject[4:]}" if subject.startswith("ref:") else f"code:{subject}"
