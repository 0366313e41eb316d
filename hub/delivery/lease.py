"""What a worker holds while it deals with one delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from hub.delivery.adapter import OutMessage

Decision = Literal["confirm", "resend", "give_up"]


@dataclass(frozen=True, slots=True)
class Lease:
    """The head message of a dossier, held under `token` until the lease runs out.

    `is_doubtful`: an effect may have happened, so it is asked about, not sent. `attempts` counts sends
    (this one included), `queries` questions; `age_s` since the message came, without times in which nobody
    could be called; `doubt_age_s` since the doubt.
    """

    message: OutMessage
    token: UUID
    attempts: int
    queries: int
    is_doubtful: bool
    age_s: float
    doubt_age_s: float
    decision: Decision | None = None
    decided_by: str | None = None
