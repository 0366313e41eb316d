"""Components that nobody hands in again, and papers that disagree with a database (15.5, 15.6.b, 17.10)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import CopyFile, Digest, ManifestDigest
from schemas.party import Officer
from schemas.person_data import PersonField
from schemas.together import Ruled, Together
from schemas.types import (
    ComponentCode,
    Day,
    DossierCode,
    Instant,
    Line,
    OrganisationCode,
    Reference,
    Text,
)


class PaperSource(Wire):
    """A digitised paper of another dossier of the same applicant (17.10), as `component.reusable` named it.

    `dossier` is that dossier's official code; `package` the SHA-256 of the signed manifest in the store of
    documents.
    """

    dossier: DossierCode
    package: Digest


PaperKind = Literal["copy", "result"]
"""A copy that the agency certified («bản sao y», 17.1), or a signed paper of the result (17.10)."""


class ReusedPaper(PaperSource):
    """What the hub found in the other dossier; `component` is the code there.

    `manifest` is the SHA-256 of the manifest alone; `valid_until` is the last day as signed in it, left out
    when there is no end. The files of the package are named too, so that the agency can open them.
    """

    kind: PaperKind
    component: ComponentCode
    manifest: ManifestDigest
    valid_until: Day | None = None
    files: tuple[CopyFile, ...]


class ReusedData(Wire):
    """Fields that a lookup of this dossier brought (`person_data.received`); `check` names the lookup."""

    check: Reference
    fields: tuple[PersonField, ...] = Field(min_length=1, max_length=20)


class _Reuse(Wire):
    component: ComponentCode
    data: ReusedData | None = None
    officer: Officer | None = None


class ReuseComponent(_Reuse, Request, Ruled):
    """Take a component from what the administration has already; the applicant hands in nothing (15.6.b).

    Exactly one of `paper` and `data`; a counter names the officer who moved it into the electronic dossier.
    """

    type: ClassVar[str] = "onestop.component.reuse.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "portal"})
    rules: ClassVar[tuple[Together, ...]] = (Together(("paper", "data"), least=1, most=1),)
    paper: PaperSource | None = None


class ComponentReused(_Reuse, Fact):
    """The component is in the dossier and may not be asked of the applicant again (15.5)."""

    type: ClassVar[str] = "onestop.component.reused.v1"
    paper: ReusedPaper | None = None
    reused_at: Instant


class ComponentReusable(Fact):
    """The dossier has its result: from now on this digitised paper serves the applicant's others (17.10).

    Name the dossier's code and `package` in `component.reuse`. How long and for what the paper is valid
    stands in its signed manifest (17.1) and is looked at again on the day of reuse.
    """

    type: ClassVar[str] = "onestop.component.reusable.v1"
    kind: PaperKind
    component: ComponentCode
    package: Digest
    manifest: ManifestDigest
    agency: OrganisationCode
    reusable_from: Instant


class Difference(Wire):
    """One field that disagrees; neither value is changed by the hub."""

    field: Line
    on_paper: Text
    in_database: Text | None = None


class _Mismatch(Wire):
    component: ComponentCode
    database: Line
    check: Reference | None = None
    differences: tuple[Difference, ...] = Field(min_length=1, max_length=30)
    officer: Officer


class RecordMismatch(_Mismatch, Request):
    """A paper and a database disagree: the paper is taken, the database is corrected by sector law only.

    Name the `check` whose lookup brought the database's value: it stands on record there, and the fact goes
    to the agency without it. A mismatch that quotes a database otherwise is told to the one-stop alone.
    """

    type: ClassVar[str] = "onestop.mismatch.record.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter", "agency"})


class MismatchRecorded(_Mismatch, Fact):
    """The disagreement is on record; the paper counts for this dossier (15.6.b)."""

    type: ClassVar[str] = "onestop.mismatch.recorded.v1"
