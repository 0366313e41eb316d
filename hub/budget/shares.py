"""How much of a budget is used (pure)."""

from __future__ import annotations

from hub.budget.allowance import Allowance, Use


def shares(allowed: Allowance, events: Use, uploads: Use, letters: Use) -> dict[str, float]:
    """How much of each limit is used in the order of the budget's fields."""
    return {
        "records": events.records / allowed.records_per_day,
        "bytes": events.bytes / allowed.bytes_per_day,
        "uploads": uploads.records / allowed.uploads_per_day,
        "upload_bytes": uploads.bytes / allowed.upload_bytes_per_day,
        "letters": letters.records / max(1, allowed.letters),
        "letter_bytes": letters.bytes / max(1, allowed.letter_bytes),
    }
