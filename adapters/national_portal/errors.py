"""What a call to the national portal can fail with, split by what it says about the effect."""

from __future__ import annotations


class PortalError(Exception):
    """Root of the failed calls; its text names the service and the cause, never payload or address."""

    code = "portal.call_failed"


class NoEffectError(PortalError):
    """The call provably changed nothing at the portal; it may be made again after `delay_s` seconds."""

    code = "portal.no_effect"

    def __init__(self, why: str, delay_s: float) -> None:
        super().__init__(why)
        self.delay_s = delay_s


class EffectUnsureError(PortalError):
    """Nobody can say whether the portal acted: time-out after sending, lost answer, unreadable answer."""

    code = "portal.effect_unsure"


class UnopenedError(PortalError):
    """What is kept of a dossier cannot be opened; its text says why and holds nothing of it."""

    code = "portal.unopened"
