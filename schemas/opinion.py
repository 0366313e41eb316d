"""Opinions of other agencies (lấy ý kiến): asked with content and limit, answered or late (Art. 17.5)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Wire
from schemas.copy import CopyFile, Digest
from schemas.party import Officer
from schemas.together import Ruled, Together
from schemas.types import DossierCode, Instant, Line, OrganisationCode, ProcedureCode, Text, in_words

_ROLES: frozenset[Role] = frozenset({"agency", "counter"})

OpinionName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
"""The asker's own word for one question of a dossier: printable ASCII without spaces."""


class _Question(Wire):
    opinion: OpinionName
    officer: Officer
    of: OrganisationCode
    content: Annotated[Text, in_words("rule.17.5.a.blank")]
    delegation: Line | None = None


class RequestOpinion(_Question, Request, Ruled):
    """The agency that handles the dossier asks another for its opinion: content and time limit (Art. 17.5.a).

    The limit is the moment `answer_by`, or the closing of the last of so many `working_days`. A one-stop asks
    only by assignment or `delegation`, whose document it names.
    """

    rules: ClassVar[tuple[Together, ...]] = (Together(("answer_by", "working_days"), least=1, most=1),)

    type: ClassVar[str] = "onestop.opinion.request.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES
    answer_by: Instant | None = None
    working_days: int | None = Field(default=None, ge=1, le=250)


class OpinionRequested(_Question, Fact):
    """The agency `of` is asked; all that it is told of the dossier stands here. `by` is who asks."""

    type: ClassVar[str] = "onestop.opinion.requested.v1"
    by: OrganisationCode
    code: DossierCode
    procedure: ProcedureCode
    answer_by: Instant
    working_days: int | None = Field(default=None, ge=1, le=250)


class _Answer(Wire):
    opinion: OpinionName
    officer: Officer
    answer: Literal["agrees", "disagrees", "remarks", "not_competent"]
    text: Annotated[Text, in_words("rule.17.5.b.blank")]
    letter: Line | None = None
    package: Digest | None = None
    exception: Line | None = None


class GiveOpinion(_Answer, Request):
    """The agency that was asked answers (Art. 17.5.b).

    An answer on paper is entered by who asked for it, with number and day of the `letter`, and kept as a
    digitised file (17.3.b): `package` is signed as copies are, with the name of the question in place of a
    component; `exception` is the law that provides otherwise.
    """

    type: ClassVar[str] = "onestop.opinion.give.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class OpinionGiven(_Answer, Fact):
    """The answer of the agency `of`, with the files of its package; `rule.violated` follows a late one."""

    type: ClassVar[str] = "onestop.opinion.given.v1"
    of: OrganisationCode
    files: tuple[CopyFile, ...] = ()
