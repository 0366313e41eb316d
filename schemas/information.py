"""Information that one-stop and agencies ask of each other (Art. 6.3.a, 6.3.b)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from schemas.base import Fact, Request, Role, Wire
from schemas.party import Officer
from schemas.types import Instant, OrganisationCode, Reference, Text, in_words

_ROLES: frozenset[Role] = frozenset({"counter", "agency"})


class _Asking(Wire):
    to: OrganisationCode
    about: Literal["documents", "receipt", "progress", "other"]
    question: Annotated[Text, in_words("rule.6.3.a.blank")]
    wanted_by: Instant | None = None
    officer: Officer


class RequestInfo(_Asking, Request):
    """Ask an organisation for information or documents that the dossier needs, or how far it is."""

    type: ClassVar[str] = "onestop.info.request.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class InfoRequested(_Asking, Fact):
    """`by` asks `to`; `info` names the question in the dossier."""

    type: ClassVar[str] = "onestop.info.requested.v1"
    info: Reference
    by: OrganisationCode


class _Answering(Wire):
    info: Reference
    answer: Annotated[Text, in_words("rule.6.3.a.blank")]
    officer: Officer


class AnswerInfo(_Answering, Request):
    """Who was asked answers."""

    type: ClassVar[str] = "onestop.info.answer.v1"
    roles: ClassVar[frozenset[Role]] = _ROLES


class InfoAnswered(_Answering, Fact):
    """`of` has answered `to`."""

    type: ClassVar[str] = "onestop.info.answered.v1"
    of: OrganisationCode
    to: OrganisationCode
