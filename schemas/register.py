"""Imports of registers by operators: each is a fact with its officer (Art. 4, 7.7, 8): about no dossier."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.party import Officer
from schemas.types import Instant, Text

Register = Literal["organisations", "roster"]


class _Import(Wire):
    name: Register
    edition: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
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
    """The edition counts; `sha256` is of its content, as `hub organisations` and `hub roster` keep it."""

    type: ClassVar[str] = "onestop.register.changed.v1"
