"""The table that says what the operator's status codes mean: read once from TOML, then pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from schemas.pickup import PickupStatus

REPORTABLE: Final[frozenset[str]] = frozenset(get_args(PickupStatus))
"""What `pickup.report` can say."""

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class StatusCodes:
    """Status of the hub by the operator's code, both as text."""

    by_code: Mapping[str, str]

    def status_of(self, raw_code: str) -> str:
        """The hub's status of a raw code; `unknown` when nobody has said what it means."""
        return self.by_code.get(raw_code, UNKNOWN)


def read_status_codes(path: Path) -> StatusCodes:
    """Read the table; `ValueError` names a status that the hub does not have."""
    codes: Mapping[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["codes"]
    wrong = sorted(set(codes.values()) - REPORTABLE)
    if wrong:
        raise ValueError(f"{path.name}: no such status: {', '.join(wrong)}")
    return StatusCodes(dict(codes))
