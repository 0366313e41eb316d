"""The one answer to every request (events.md, section 4)."""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Wire
from schemas.types import Instant

RECEIPT_ACCEPTED = "onestop.receipt.accepted.v1"
RECEIPT_REFUSED = "onestop.receipt.refused.v1"


class FactNote(Wire):
    """A fact that the request became."""

    id: str
    type: str
    sequence: int


class Deadline(Wire):
    """The next deadline of the dossier."""

    kind: str
    due_at: Instant


class Accepted(Wire):
    """The request was accepted; `facts` in order, `code` once the dossier has one."""

    type: ClassVar[str] = RECEIPT_ACCEPTED
    request: str
    dossier: str
    code: str | None = None
    facts: tuple[FactNote, ...]
    next_deadline: Deadline | None = None


class Fault(Wire):
    """What is wrong at one path (a JSON pointer into the data), in one word of the published list of reasons.

    `choices` are the values that are allowed there; `others` the paths that are needed with it, or that do
    not go together. Words may be added to the list.
    """

    path: str
    reason: str
    choices: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Refused(Wire):
    """A rule said no: stable `code`, the rule, what to do; `fields` are paths without values.

    `faults` say of each of the `fields` what is wrong there, where the data do not follow the schema.
    `state` and `possible` (request types) are given when the dossier is in the wrong state.
    """

    type: ClassVar[str] = RECEIPT_REFUSED
    request: str | None = None
    code: str
    rule: str | None = None
    message_vi: str
    message_en: str
    advice_vi: str
    advice_en: str
    fields: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    state: str | None = None
    possible: tuple[str, ...] = ()
