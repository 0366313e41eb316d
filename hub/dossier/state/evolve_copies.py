"""What registered and certified copies make of the state."""

from __future__ import annotations

from typing import Any

from hub.dossier.state.model import Copy, Dossier, Holding
from hub.dossier.state.timers import TimerStep
from schemas.copy import CopyCertified, CopyRegistered


def copy_registered(dossier: Dossier, fact: CopyRegistered, _step: TimerStep) -> dict[str, Any]:
    """The component has this signed copy; a later one takes its place."""
    return {"digitised": {**dossier.digitised, fact.component: Copy(fact.package, fact.manifest)}}


def copy_certified(dossier: Dossier, fact: CopyCertified, _step: TimerStep) -> dict[str, Any]:
    """The package now holds the agency's signature too."""
    copy = Copy(fact.package, fact.manifest, is_certified=True)
    return {"digitised": {**dossier.digitised, fact.component: copy}}


def keep_digitised(before: tuple[Holding, ...], after: tuple[Holding, ...]) -> tuple[Holding, ...]:
    """A supplement does not take back that a paper has to have its signed copy."""
    marked = {item.code for item in before if item.is_digitised}
    return tuple(
        Holding(item.code, item.originals, item.copies, item.electronic, is_digitised=True)
        if item.code in marked
        else item
        for item in after
    )
