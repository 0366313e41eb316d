"""Custody of papers: who gave what to whom, with full names (Art. 12.2, 16, 21.2)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Custodian
from schemas.types import ComponentCode, Line

_ROLES: frozenset[Role] = frozenset({"counter", "agency", "postal"})


class _Transfer(Wire):
    giver: Custodian
    receiver: Custodian
    papers: tuple[ComponentCode, ...] = Field(min_length=1, max_length=100)
    slip: Line | None = None


class HandOverPaper(_Transfer, Request):
    """The giver hands papers over (control slip, Form 05); the receiver confirms with paper.receive."""

    type: ClassVar[str] = "onestop.paper.hand_over.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class PaperHandedOver(_Transfer, Fact):
    """Papers left the giver's hands."""

    type: ClassVar[str] = "onestop.paper.handed_over.v1"


class ReceivePaper(_Transfer, Request):
    """The receiver confirms the papers of an open hand-over."""

    type: ClassVar[str] = "onestop.paper.receive.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class PaperReceived(_Transfer, Fact):
    """The receiver now holds the papers."""

    type: ClassVar[str] = "onestop.paper.received.v1"
