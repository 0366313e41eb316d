"""What operators have imported, as the rules read it: the newest edition of each register (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.regulation.organisations import Organisations
from hub.regulation.roster import Roster


@dataclass(frozen=True, slots=True)
class Registers:
    """All that was imported; what was not is empty, and rules nothing."""

    organisations: Organisations = field(default_factory=Organisations)
    roster: Roster = field(default_factory=Roster)


NONE = Registers()
