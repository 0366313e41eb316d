"""Reminders and urging letters (đôn đốc) of the one-stop, about limits that come or passed (6.3.b, 7.1)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import Day, Instant, Line, OrganisationCode, Text, in_words


class UrgingLetter(Wire):
    """The letter that the head of the one-stop signs by order (thừa lệnh) of `by_order_of` (Art. 7.1)."""

    number: Annotated[Line, in_words("rule.7.1")]
    signed_on: Day
    signer: Officer
    by_order_of: Annotated[Line, in_words("rule.7.1")]


class _Reminder(Wire):
    timer: Line
    officer: Officer
    content: Annotated[Text, in_words("rule.6.3.b.blank")]
    letter: UrgingLetter | None = None


class IssueReminder(_Reminder, Request):
    """The one-stop urges who has to act on a limit that ends today or has passed (Art. 6.3.b).

    `timer` is its name, as `deadline.missed` has it: `due`, `supplement_notice`, `opinion:<name>`. It goes to
    the agency whose part it is; with `letter` it is an urging letter (Art. 7.1).
    """

    type: ClassVar[str] = "onestop.reminder.issue.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})


class ReminderIssued(_Reminder, Fact):
    """The agency `to` is urged; `overdue_s` seconds after the `limit`, under this `article`."""

    type: ClassVar[str] = "onestop.reminder.issued.v1"
    by: OrganisationCode
    to: OrganisationCode
    limit: Instant
    overdue_s: int = Field(ge=0)
    article: Literal["6.3.b", "7.1"]
