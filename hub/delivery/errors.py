"""What the runtime of adapters raises, and what adapters raise in it, by what is known of the effect."""

from __future__ import annotations

from typing import Literal

from hub.errors import HubError, RetryableError

Cause = Literal["timeout", "unreachable", "too_large", "answer"]
"""Why a call failed; `answer`: one came that says no, or that nobody can read."""


class StoreAwayError(RetryableError):
    """PostgreSQL is not there or cannot do it now; what was asked may have been done or not."""

    code = "delivery.store_away"


class FilesAwayError(RetryableError):
    """The store of documents does not answer."""

    code = "delivery.files_away"


class CallError(HubError):
    """Root of the failed calls; its text names the operation and what failed, never payload or address."""

    code = "call.failed"
    cause: Cause


class NoEffectError(CallError):
    """The call provably changed nothing over there; it may be made again after `delay_s` seconds.

    `is_alone`: the cause lies in this delivery, and tells nothing of the counterpart.
    """

    code = "call.no_effect"

    def __init__(self, why: str, delay_s: float, cause: Cause = "answer", *, is_alone: bool = False) -> None:
        super().__init__(why)
        self.delay_s = delay_s
        self.cause = cause
        self.is_alone = is_alone


class EffectUnsureError(CallError):
    """Nobody can say whether there was an effect: time-out after sending, lost answer, unreadable answer."""

    code = "call.effect_unsure"

    def __init__(self, why: str, cause: Cause = "answer") -> None:
        super().__init__(why)
        self.cause = cause


class ForeignTextError(ValueError):
    """The value is no text, or can be read in two ways."""
