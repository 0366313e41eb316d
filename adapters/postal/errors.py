"""What a call to the postal operator can fail with, split by what it says about the effect."""

from __future__ import annotations


class PostalError(Exception):
    """Root of the failed calls; its text names the operation and the cause, never payload or address."""

    code = "postal.call_failed"


class NoEffectError(PostalError):
    """The call provably changed nothing at the operator; it may be made again after `delay_s` seconds."""

    code = "postal.no_effect"

    def __init__(self, why: str, delay_s: float) -> None:
        super().__init__(why)
        self.delay_s = delay_s


class EffectUnsureError(PostalError):
    """Nobody can say whether the operator acted: time-out after sending, lost answer, unreadable answer."""

    code = "postal.effect_unsure"
