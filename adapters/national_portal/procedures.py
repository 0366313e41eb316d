"""What the portal publishes of a procedure (LayThuTuc), kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.national_portal.client import PortalClient
from hub.delivery.errors import ForeignTextError
from hub.delivery.foreign_text import line


@dataclass(frozen=True, slots=True)
class Procedure:
    """Names that DongBoHoSoMC repeats: of the procedure and of its first field."""

    name: str
    field_code: str
    field_name: str


class Procedures:
    """Asks the portal once per procedure and life; what is not published is not kept.

    S1 asks before every sync; the answer changes seldom. Raises NoEffectError.
    """

    def __init__(
        self, client: PortalClient, life_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._life_s = life_s
        self._clock = clock
        self._kept: dict[str, tuple[float, Procedure]] = {}

    async def find(self, code: str) -> Procedure | None:
        """The procedure as the portal publishes it; None when it does not."""
        kept = self._kept.get(code)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        asked_at = self._clock()
        record = await self._client.read_procedure(code)
        if record is None:
            self._kept.pop(code, None)
            return None
        procedure = read_procedure(record)
        self._kept[code] = (asked_at + self._life_s, procedure)
        return procedure


def read_procedure(record: dict[str, Any]) -> Procedure:
    """The names of a record; what is missing is empty text."""
    fields = record.get("LINHVUCTHUCHIEN")
    first = fields[0] if isinstance(fields, list) and fields and isinstance(fields[0], dict) else {}
    return Procedure(_text(record, "TENTTHC"), _text(first, "MALINHVUC"), _text(first, "TENLINHVUC"))


def _text(record: dict[str, Any], name: str) -> str:
    try:
        return line(record.get(name))
    except ForeignTextError:
        return ""
