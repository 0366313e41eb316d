"""Papers of a dossier that were made of its facts (Art. 12.1): named by their digest, kept as documents."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import Digest
from schemas.types import Instant, OrganisationCode, Reference

FormName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class MadePaper(Wire):
    """One document: the form by its number or name, its SHA-256 and size.

    Of a form in two copies the whole is for the counter; `for_applicant` is the one that is handed out.
    """

    form: FormName
    digest: Digest
    size: int = Field(ge=1, le=1 << 30)
    for_applicant: bool = False


class _Made(Wire):
    fact: Reference
    issued_at: Instant
    to: OrganisationCode | None = None
    papers: tuple[MadePaper, ...] = Field(min_length=1, max_length=10)


class ReportForm(_Made, Request):
    """The papers of one fact lie in the store of documents.

    `fact` is its type, `issued_at` its time; `to` is the organisation that a letter is for.
    """

    type: ClassVar[str] = "onestop.form.report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"typesetter"})


class FormMade(_Made, Fact):
    """These papers were made of the dossier's facts; who is told of them may download them."""

    type: ClassVar[str] = "onestop.form.made.v1"
