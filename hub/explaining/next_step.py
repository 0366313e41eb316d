"""The next main step of a dossier and what it lacks, as the rules themselves say it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.dossier.decision import Context, Refused, Sender
from hub.dossier.rules.appraisal import result_follows_appraisal
from hub.dossier.rules.completeness import dossier_is_whole
from hub.dossier.rules.copies import copies_are_signed
from hub.dossier.rules.custody import paper_is_in_a_hand, paper_is_not_lost
from hub.dossier.rules.digitising import required
from hub.dossier.rules.intake import (
    identity_is_checked,
    identity_is_no_mismatch,
    procedure_is_still_in_force,
)
from hub.dossier.rules.interlinked import legs_are_finished
from hub.dossier.rules.opinions import opinions_are_there
from hub.dossier.rules.verifying import verifications_are_on_file
from hub.dossier.state.model import Dossier, Status
from hub.dossier.texts import refusal_texts
from hub.explaining.happening import cited
from hub.explaining.naming import Names
from hub.regulation.law import Law
from schemas.archive import ArchiveDossier
from schemas.base import Request
from schemas.dossier import (
    AcceptDossier,
    Component,
    ForwardDossier,
    ReceiveDossier,
    SupplementDossier,
)
from schemas.result import IssueResult, ReturnResult

_NEXT: Mapping[Status, type[Request]] = {
    "submitted": AcceptDossier,
    "awaiting_supplement": SupplementDossier,
    "accepted": ForwardDossier,
    "forwarded": ReceiveDossier,
    "received": IssueResult,
    "in_process": IssueResult,
    "result_issued": ReturnResult,
}
_Check = Callable[[Dossier, Any, Context], Refused | None]
_CHECKS: Mapping[type[Request], tuple[_Check, ...]] = {
    AcceptDossier: (
        identity_is_no_mismatch,
        identity_is_checked,
        procedure_is_still_in_force,
        dossier_is_whole,
    ),
    ForwardDossier: (copies_are_signed,),
    IssueResult: (
        result_follows_appraisal,
        verifications_are_on_file,
        opinions_are_there,
        legs_are_finished,
    ),
    ReturnResult: (paper_is_in_a_hand, paper_is_not_lost),
}
"""Those rules of the step that look at the dossier, and not at what the request would say."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that stands against the next step: a code of refusal, or a point of Form 02 (no code)."""

    rule: str | None
    code: str | None = None
    papers: tuple[str, ...] = ()
    point: int | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the rules read of the request of the next step, with what the dossier holds; nobody sends it."""

    components: tuple[Component, ...]
    papers: tuple[str, ...]
    not_needed: tuple[str, ...] = ()
    case: str | None = None


def next_request(dossier: Dossier) -> type[Request] | None:
    """What moves the dossier on; None when it is at its end."""
    found = _NEXT.get(dossier.status)
    if found is None and dossier.archived_at is None:
        return ArchiveDossier
    return found


def lacks(dossier: Dossier, law: Law, now: datetime) -> tuple[Lack, ...]:
    """All that the rules would say against the next step, not only the first of it."""
    if dossier.status == "awaiting_supplement":
        return tuple(
            Lack("14.1", papers=(component,) if component else (), point=number)
            for number, component in dossier.open_points
        )
    step = next_request(dossier)
    checks = _CHECKS.get(step, ()) if step is not None else ()
    return tuple(_found(checks, dossier, law, now))


def _found(checks: Sequence[_Check], dossier: Dossier, law: Law, now: datetime) -> Iterator[Lack]:
    own = Sender("", frozenset({"counter", "agency"}), frozenset({dossier.organisation, dossier.agency}))
    context = Context(law, own, now, now, "", "")
    request = _asked(dossier)
    for check in checks:
        refused = check(dossier, request, context)
        if refused is None:
            continue
        papers = refused.possible if (refused.rule or "").startswith("14.3") else ()
        if check is copies_are_signed:
            papers = tuple(code for code in required(dossier, context) if code not in dossier.digitised)
        elif refused.code in {"custody.lost", "custody.under_way"}:
            papers = tuple(dossier.result_papers[int(field.split("/")[2])] for field in refused.fields)
        yield Lack(refused.rule, refused.code, papers)
        if check is procedure_is_still_in_force:
            return


def _asked(dossier: Dossier) -> _Asked:
    components = tuple(
        Component.model_construct(
            code=one.code, originals=one.originals, copies=one.copies, electronic=one.electronic
        )
        for one in dossier.components
    )
    return _Asked(components, dossier.result_papers)


def next_step(dossier: Dossier, law: Law, now: datetime, names: Names) -> dict[str, Any] | None:
    """The same in words."""
    step = next_request(dossier)
    if step is None:
        return None
    kind = step.type.removeprefix("onestop.").removesuffix(".v1")
    found = [_told(lack, names) for lack in lacks(dossier, law, now)]
    return {"type": step.type, "text": names.words.of("requests", kind), "missing": found}


def _told(lack: Lack, names: Names) -> dict[str, Any]:
    words = names.words
    papers = [{"code": code, "text": names.paper(code)} for code in lack.papers]
    told: dict[str, Any] = {"code": lack.code, "rule": lack.rule, "papers": papers}
    if lack.rule is not None:
        told["cites"] = cited(lack.rule, words.language)
    if lack.code is None:
        return told | {"text": words.filled("words", "open_point", n=lack.point), "advice": None}
    texts = refusal_texts(lack.code)
    is_vi = words.language == "vi"
    return told | {
        "text": texts.vi if is_vi else texts.en,
        "advice": texts.advice_vi if is_vi else texts.advice_en,
    }
