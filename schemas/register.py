"""Imports of registers by operators, each a fact with its officer (Art. 3.8, 4, 7.7, 8): about no dossier."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.party import Officer
from schemas.types import Instant, Line, Text

Register = Literal["organisations", "roster", "catalogue"]


class RegisterTable(Wire):
    """A table of an edition, as `delegations`, and how many records stand in it."""

    name: Line
    records: Annotated[int, Field(ge=0, le=1_000_000_000)]


class _Import(Wire):
    name: Register
    edition: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    tables: Annotated[tuple[RegisterTable, ...], Field(max_length=20)] = ()
    imported_at: Instant
    officer: Officer
    reason: Text


class RecordImport(_Import, Request):
    """The hub's own: an operator has imported an edition of a register."""

    type: ClassVar[str] = "onestop.register.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    subject: ClassVar[Subject] = "matter"

    def matter(self, _day: date) -> str:
        """All editions of the register."""
        return f"register/{self.name}"


class RegisterChanged(_Import, Fact):
    """The edition counts; `sha256` is of its content, as `hub organisations` and the like keep it.

    The roster has officers and `delegations`, the authority to decide, to ask or to sign (6.2.c, 8.3.a,
    17.5.a, 19.7); of the catalogue `reason` is the announcing decision.
    """

    type: ClassVar[str] = "onestop.register.changed.v1"
