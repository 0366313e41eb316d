"""How an address names a dossier (pure)."""

from __future__ import annotations

import re

_DOSSIER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_dossier_id(text: str) -> bool:
    """Whether it is written as the id of a dossier; all of it can be stored as a UUID then."""
    return _DOSSIER_ID.fullmatch(text) is not None
