"""Whose request opened a dossier: ids of requests belong to their participant, an id alone tells nothing."""

from __future__ import annotations

from hub.identifiers import derived_id, is_uuid


def is_opened_by(dossier: str, participant: str, request: str) -> bool:
    """Whether this participant's request opened the dossier, whose id is derived of both (pure).

    Another participant may send a request with the same id; the id of its dossier is another one.
    """
    if not is_uuid(dossier):
        return False
    time_ms = int(dossier[:8] + dossier[9:13], 16)
    return derived_id(time_ms, "dossier", f"/participants/{participant}", request) == dossier
