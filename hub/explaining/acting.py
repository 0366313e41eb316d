"""Who may ask for what now: each possible request with those whose part it is (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.dossier.decision import Sender
from hub.dossier.standing import is_at_intake, may_ask, possible_now
from hub.dossier.state.model import APPLICANT, POST, Dossier
from hub.explaining.naming import Names
from hub.regulation.profile import Profile
from schemas.base import Request
from schemas.dossier import DeclineDossier, RequestSupplement
from schemas.feedback import AnswerComplaint
from schemas.information import AnswerInfo
from schemas.leg import FinishLeg, StartLeg
from schemas.opinion import GiveOpinion
from schemas.paper import HandOverPaper, ReceivePaper
from schemas.registry import REQUESTS
from schemas.result import IssueResult

_BY_OBJECT = frozenset({HandOverPaper, ReceivePaper, AnswerComplaint, AnswerInfo})
"""Everybody has standing for these by their type; who acts stands in what they are about."""

_BY_STAGE = frozenset({RequestSupplement, DeclineDossier})
"""The one-stop's at intake, the agency's after the transfer (15.1, 17.4, 17.8)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose part it is: a key of the table `sides`, and an organisation where there is one."""

    side: str
    of: str | None = None


def actors_of(dossier: Dossier, kind: type[Request]) -> tuple[Actor, ...]:
    """Who may ask for it, in no order that matters."""
    return tuple(dict.fromkeys(_actors(dossier, kind)))


def _actors(dossier: Dossier, kind: type[Request]) -> Iterator[Actor]:
    if kind in _BY_OBJECT:
        yield from (_named(dossier, organisation) for organisation in _objects(dossier, kind))
        return
    for role, side, of in (
        ("counter", "one_stop", dossier.organisation),
        ("agency", "agency", dossier.agency),
    ):
        is_at_stage = kind not in _BY_STAGE or (role == "counter") == is_at_intake(dossier)
        if kind is IssueResult and role == "counter":
            continue  # it decides before the transfer only (6.2.c), by an authority that is not seen here
        if role in kind.roles and is_at_stage and may_ask(dossier, kind, _speaker(role, of)):
            yield Actor(side, of)
    if kind is GiveOpinion:
        yield from (Actor("consulted", one.of) for one in dossier.opinions.values() if not one.is_given)
    if kind in {StartLeg, FinishLeg}:
        is_wanted = "planned" if kind is StartLeg else "started"
        yield from (Actor("part", leg.of) for leg in dossier.legs.values() if leg.status == is_wanted)
    for role, side in (("portal", "portal"), ("postal", "post"), ("notifier", "notifier")):
        if role in kind.roles and may_ask(dossier, kind, _speaker(role, None)):
            yield Actor(side)


def _speaker(role: str, organisation: str | None) -> Sender:
    return Sender("", frozenset({role}), frozenset({organisation} if organisation else ()))


def _objects(dossier: Dossier, kind: type[Request]) -> Iterator[str]:
    if kind is HandOverPaper:
        yield from (holder for holder in dossier.custody.values() if holder != APPLICANT)
    elif kind is ReceivePaper:
        yield from (one.receiver for one in dossier.hand_overs if one.receiver != APPLICANT)
    elif kind is AnswerComplaint:
        yield from (one.handler for one in dossier.complaints.values() if one.is_open)
    else:
        yield from (one.to for one in dossier.questions.values() if one.is_open)


def _named(dossier: Dossier, organisation: str) -> Actor:
    if organisation == POST:
        return Actor("post")
    if organisation == dossier.organisation:
        return Actor("one_stop", organisation)
    return Actor("agency" if organisation == dossier.agency else "asked", organisation)


def possible(dossier: Dossier, profile: Profile, names: Names, reader: Sender | None) -> list[dict[str, Any]]:
    """What is possible now, and by whom; a reader beside one-stop and agency is told of his own part only."""
    sees_all = sees_everything(dossier, reader)
    found = []
    for kind in possible_now(dossier, profile):
        model = REQUESTS[kind]
        is_own = reader is not None and bool(model.roles & reader.roles) and may_ask(dossier, model, reader)
        if not sees_all and not is_own:
            continue
        actors = actors_of(dossier, model) if sees_all else ()
        by = [{"side": one.side, "of": one.of, "text": _words_of(one, names)} for one in actors]
        short = kind.removeprefix("onestop.").removesuffix(".v1")
        line = {"type": kind, "text": names.words.of("requests", short), "by": by}
        found.append(line if reader is None else line | {"own": is_own})
    return found


def _words_of(actor: Actor, names: Names) -> str:
    side = names.words.of("sides", actor.side)
    return side if actor.of is None else f"{side}: {names.organisation(actor.of)}"


def sees_everything(dossier: Dossier, reader: Sender | None) -> bool:
    """An operator, the dossier's one-stop, or its agency."""
    if reader is None:
        return True
    is_counter = "counter" in reader.roles and dossier.organisation in reader.organisations
    return is_counter or ("agency" in reader.roles and dossier.agency in reader.organisations)
