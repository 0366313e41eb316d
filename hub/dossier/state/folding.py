"""What facts add up to, one after the other: a dossier, or a matter that is about none."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.errors import FactError
from hub.dossier.state.evolve import evolve
from hub.dossier.state.evolve_matter import OPENING, evolve_matter
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import Dossier
from hub.regulation.law import Law
from schemas.base import Fact


def evolve_state(state: State | None, fact: Fact, at: datetime, submitted_by: str, law: Law) -> State:
    """The state after this fact; arguments as of `evolve`. Raises FactError."""
    if type(state) is Matter:
        return evolve_matter(state, fact, at, law)
    if type(fact) not in OPENING:
        return evolve(state, fact, at, submitted_by, law)
    if isinstance(state, Dossier):
        raise FactError("a dossier is no matter")
    return evolve_matter(None, fact, at, law)
