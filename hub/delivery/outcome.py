"""What an outside call can end in: a closed union, stored with the delivery and matched once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Delivered:
    """The counterpart has taken it; `answer` is what the hub is told (JSON, no raw personal record).

    Without a call (`is_called`) there was nothing to do for it, and it tells nothing of the counterpart.
    """

    answer: Mapping[str, Any] = field(default_factory=dict)
    is_called: bool = True


NOTED: Final = Delivered({"kept": True}, is_called=False)
"""Of a message that the adapter only notes: nothing goes out for it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The counterpart (or a local check before the call) said no for good; sending it again cannot help."""

    code: str
    reason_vi: str
    reason_en: str


ERASED: Final = Rejected("dossier.erased", "", "")
"""Of a message that came when its dossier was erased already; nobody has to be told why."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say whether the effect happened; it is asked about before anything is sent again.

    `is_alone`: the cause lies in this delivery; it tells nothing of the counterpart and opens no circuit.
    """

    why: str
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The request provably had no effect; try again after `delay_s` (the runtime adds jitter and a cap).

    `is_alone` as in `Unknown`. Without a call (`is_called`) the adapter itself holds the message until then,
    for quiet hours or a limit of its own: neither the attempt nor that time counts, and it tells nothing of
    the counterpart.
    """

    delay_s: float
    why: str
    is_alone: bool = False
    is_called: bool = True


@dataclass(frozen=True, slots=True)
class NotFound:
    """Answer of a query: the counterpart does not know the request (trusted after its settling time)."""


Outcome = Delivered | Rejected | Unknown | RetryAt
QueryOutcome = Delivered | Rejected | Unknown | RetryAt | NotFound
