"""Test support: what the portal adapter knows of its dossiers, in memory; the twin of its tables."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.national_portal.folding import UnreadableError, fold
from adapters.national_portal.kept import LineState, Standing
from adapters.national_portal.record import Line, Record
from hub.delivery.adapter import OutMessage


@dataclass(slots=True)
class _Dossier:
    record: Record
    folded: int
    synced: int = 0
    tried: int | None = None
    is_insert: bool = False
    is_there: bool = False


@dataclass(slots=True)
class _Line:
    line: Line
    state: LineState = "waiting"


class MemoryKept:
    """Fills `Kept`; `take` folds a message as the tables do when it comes in."""

    def __init__(self) -> None:
        self._dossiers: dict[str, _Dossier] = {}
        self._lines: dict[str, _Line] = {}

    def take(self, message: OutMessage, portal_code: str | None = None) -> None:
        known = self._dossiers.get(message.dossier)
        if known is not None and known.folded >= message.sequence:
            return
        try:
            after, line = fold(known.record if known else None, message, portal_code if not known else None)
        except UnreadableError:
            return
        if known is None:
            self._dossiers[message.dossier] = _Dossier(
                after, message.sequence, is_there=portal_code is not None
            )
        else:
            known.record, known.folded = after, message.sequence
        if line is not None:
            self._lines.setdefault(message.id, _Line(line))

    def line_state(self, message: str) -> LineState | None:
        kept = self._lines.get(message)
        return kept.state if kept is not None else None

    async def standing(self, dossier: str, message: str) -> Standing | None:
        known, line = self._dossiers.get(dossier), self._lines.get(message)
        if known is None:
            return None
        return Standing(
            known.record,
            known.folded,
            known.synced,
            known.tried,
            known.is_insert,
            known.is_there,
            line.line if line is not None and line.state in {"waiting", "sending"} else None,
            line.state if line is not None else None,
        )

    async def begin_sync(self, dossier: str, sequence: int, *, is_insert: bool) -> None:
        known = self._dossiers[dossier]
        known.tried, known.is_insert = sequence, is_insert

    async def end_sync(self, dossier: str, sequence: int) -> None:
        known = self._dossiers[dossier]
        known.synced, known.tried, known.is_there = max(known.synced, sequence), None, True

    async def forget_sync(self, dossier: str) -> None:
        self._dossiers[dossier].tried = None

    async def set_there(self, dossier: str, *, is_there: bool) -> None:
        known = self._dossiers[dossier]
        known.is_there, known.synced = is_there, known.synced if is_there else 0

    async def begin_line(self, message: str) -> bool:
        line = self._lines.get(message)
        if line is None or line.state != "waiting":
            return False
        line.state = "sending"
        return True

    async def end_line(self, message: str, state: LineState) -> None:
        line = self._lines[message]
        if line.state == "sending":
            line.state = state
