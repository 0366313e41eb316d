"""What the rules may know of another dossier whose paper is reused: read from the store beside the rules."""

from __future__ import annotations

from msgspec import Struct

from hub.dossier.state.model import Status
from schemas.component import ComponentReusable
from schemas.party import Party


class SourceDossier(Struct, frozen=True, gc=False):
    """Another dossier as the hub stores it; `papers` are those that its facts declared reusable (17.10).

    `applicant` is the one of its submission, None once its personal data were erased.
    """

    id: str
    status: Status
    applicant: Party | None
    papers: tuple[ComponentReusable, ...]
