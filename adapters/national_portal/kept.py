"""What the adapter knows of a dossier between two calls: the seam of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from adapters.national_portal.record import Line, Record

LineState = Literal["waiting", "sending", "sent", "refused", "unsure"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A dossier and one of its lines; `tried` is a sync that was begun and whose end is not known."""

    record: Record
    folded: int
    synced: int
    tried: int | None
    is_insert: bool
    is_there: bool
    line: Line | None
    line_state: LineState | None


class Kept(Protocol):
    """Every method is one transaction and raises `StoreAwayError` when the tables cannot be reached."""

    async def standing(self, dossier: str, message: str) -> Standing | None:
        """Where the dossier stands; None when its beginning was never told."""
        ...

    async def begin_sync(self, dossier: str, sequence: int, *, is_insert: bool) -> None:
        """Note, before the call, that a sync goes out."""
        ...

    async def end_sync(self, dossier: str, sequence: int) -> None:
        """The portal has acknowledged the record up to this sequence."""
        ...

    async def forget_sync(self, dossier: str) -> None:
        """The sync that was begun had no effect."""
        ...

    async def set_there(self, dossier: str, *, is_there: bool) -> None:
        """The portal knows the dossier, or has lost it."""
        ...

    async def begin_line(self, message: str) -> bool:
        """Note, before the call, that the line goes out; False when somebody else sends or has sent it."""
        ...

    async def end_line(self, message: str, state: LineState) -> None:
        """What became of the line that was begun."""
        ...
