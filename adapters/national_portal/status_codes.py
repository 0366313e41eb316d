"""The table of the portal's ten status codes: read once from TOML, then pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

Situation = Literal[
    "registered", "accepted", "declined", "in_process", "awaiting_supplement", "awaiting_payment",
    "withdrawn", "stopped", "finished", "returned",
]  # fmt: skip
"""Where a dossier stands, in the words of the portal's list."""

_CODES: Final = frozenset(str(number) for number in range(1, 11))


@dataclass(frozen=True, slots=True)
class StatusCodes:
    """The portal's code by situation, each its own; and the two of a supplement, where the table has them."""

    by_situation: Mapping[str, str]
    by_supplement: Mapping[bool, str]

    def code_of(self, situation: Situation) -> str:
        """The code that goes out."""
        return self.by_situation[situation]

    def code_of_supplement(self, *, has_come: bool) -> str:
        """TrangThaiBoSung (assumed)."""
        return self.by_supplement[has_come]


def read_status_codes(path: Path, *, needs_supplement: bool = False) -> StatusCodes:
    """Read the table; `ValueError` for a situation without a code, a code beyond the ten, or a twin."""
    table: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    codes = table["codes"]
    missing = sorted(set(get_args(Situation)) ^ codes.keys())
    if missing:
        raise ValueError(f"{path.name}: missing or unknown: {', '.join(missing)}")
    wrong = sorted(set(codes.values()) - _CODES)
    if wrong:
        raise ValueError(f"{path.name}: none of the ten codes: {', '.join(wrong)}")
    if len(set(codes.values())) < len(codes):
        raise ValueError(f"{path.name}: two situations have the same code")
    supplement = table.get("supplement", {})
    if supplement.keys() ^ {"requested", "received"} and (needs_supplement or supplement):
        raise ValueError(f"{path.name}: [supplement] needs requested and received")
    by_supplement = {word == "received": code for word, code in supplement.items()}
    return StatusCodes(codes, by_supplement)
