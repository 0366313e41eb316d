"""Opens what reports need of sealed facts, one at a time: no opened key is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag

from hub.errors import AlteredRowError, StopError
from hub.facts.fact_bytes import open_fact
from hub.facts.sealing import MasterKey
from hub.reports.life import SealedFact


def opened_data(dossier: str, fact: SealedFact, master: MasterKey) -> Mapping[str, Any]:
    """The data of a genuine fact with what is personal in it; of an erased dossier without.

    Raises `AlteredRowError` where the key of the dossier is not the one that the fact was sealed with.
    """
    try:
        key = master.unwrap(fact.wrapped) if fact.wrapped is not None else None
        data: Mapping[str, Any] = open_fact(fact.stored, key)["data"]
    except (InvalidTag, StopError):
        raise AlteredRowError(f"dossier_key {dossier}") from None
    finally:
        master.forget()
    return data
