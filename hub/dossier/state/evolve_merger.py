"""What a merger makes of the state (16): successors stand where those before stood."""

from __future__ import annotations

from typing import Any

from hub.dossier.rules.succession import TAKEN_OVER, after_taking_over
from hub.dossier.state.model import Dossier
from hub.dossier.state.timers import TimerStep
from schemas.dossier import DossierTakenOver


def taken_over(dossier: Dossier, fact: DossierTakenOver, _step: TimerStep) -> dict[str, Any]:
    """Successors go on after a merger, with the papers too."""
    after = after_taking_over(dossier, fact)
    return {name: getattr(after, name) for name in TAKEN_OVER}
