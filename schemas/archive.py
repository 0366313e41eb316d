"""A dossier that is over goes into the archive (Art. 18.5, 24.1)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import Instant, Line, OrganisationCode


class _Archive(Ruled):
    rules: ClassVar[tuple[Together, ...]] = (
        Together(("years",), least=1, when=("retention", ("years",))),
        Together(("years",), most=0, when=("retention", ("permanent",))),
    )
    place: Line
    retention: Literal["years", "permanent"]
    years: Annotated[int, Field(ge=1, le=100)] | None = None
    officer: Officer


class ArchiveDossier(_Archive, Request):
    """The agency has stored the dossier and its result: where, and for how long."""

    type: ClassVar[str] = "onestop.dossier.archive.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency"})


class DossierArchived(_Archive, Fact):
    """The dossier is archived at the agency; its reusable papers stay reusable."""

    type: ClassVar[str] = "onestop.dossier.archived.v1"
    agency: OrganisationCode
    archived_at: Instant
