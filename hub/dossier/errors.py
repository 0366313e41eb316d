"""What the pure core raises: none of it is a refusal."""

from __future__ import annotations

from hub.dossier.state.model import VERSION
from hub.errors import HubError, UntrustedRowError


class ContextError(HubError):
    """The engine left out of the context what this request needs; a bug, never a refusal."""

    code = "dossier.context"


class WaitError(HubError):
    """What the decision rests on cannot be had now; the dossier waits, and nobody is answered."""

    code = "dossier.wait"


class FactError(HubError):
    """A fact that this program does not know, or that cannot follow this state; a bug, never a refusal."""

    code = "dossier.fact"


class NoDossierError(HubError):
    """What was looked for as a dossier is a matter, of this kind."""

    code = "matter.no_dossier"


class StateError(UntrustedRowError):
    """Stored bytes that are no state of a dossier, or of a version that this program does not know."""

    def __init__(self, version: object = None) -> None:
        known = f"this program knows versions up to {VERSION}"
        super().__init__("a state", f"version {version}, {known}" if version is not None else "no state")
