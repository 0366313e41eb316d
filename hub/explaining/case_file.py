"""The case file of one dossier for one reader (pure): what `hub explain` prints and the gateway gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.dossier.decision import Sender
from hub.dossier.rules.rulebook import RULES
from hub.dossier.standing import is_one_stop
from hub.dossier.state.model import APPLICANT, Dossier
from hub.dossier.turn import OpenRequest, open_requests, side_of
from hub.explaining.acting import possible, sees_everything
from hub.explaining.happening import cited, happened
from hub.explaining.limits import counted_limits
from hub.explaining.naming import Names
from hub.explaining.next_step import next_step
from hub.regulation.law import Law
from hub.regulation.wording import words as words_of_law

_OF_THE_ONE_STOP = frozenset({"complaint", "call", "question", "pickup"})
"""What an agency is not told of, but where it is asked itself."""


@dataclass(frozen=True, slots=True)
class CaseReading:
    """What was read of the dossier: its state, entries that this reader sees, and facts that start clocks."""

    dossier_id: str
    dossier: Dossier
    entries: Iterable[dict[str, Any]]
    history: Iterable[dict[str, Any]]


def case_file(
    reading: CaseReading, law: Law, now: datetime, names: Names, reader: Sender | None
) -> dict[str, Any]:
    """Everything in words; `reader` None is an operator, who sees all."""
    dossier, words = reading.dossier, names.words
    lines = happened(reading.entries, names)
    limits = [
        limit
        for limit in counted_limits(dossier, law, reading.history, names)
        if _is_limit_told(limit, dossier, reader)
    ]
    step = next_step(dossier, law, now, names) if sees_everything(dossier, reader) else None
    missing = step["missing"] if step is not None else ()
    ids = [rule for line in lines for rule in line["rules"]]
    ids += [limit["rule"] for limit in limits] + [lack["rule"] for lack in missing if lack["rule"]]
    return {
        "dossier": reading.dossier_id,
        "code": dossier.code,
        "language": words.language,
        "as_of": now,
        "status": {"name": dossier.status, "text": words.of("statuses", dossier.status)},
        "procedure": {"code": dossier.procedure, "text": names.procedure.name if names.procedure else None},
        "organisation": {"code": dossier.organisation, "text": names.organisation(dossier.organisation)},
        "agency": {"code": dossier.agency, "text": names.organisation(dossier.agency)},
        "turn": {"side": side_of(dossier), "text": words.of("sides", side_of(dossier))},
        "due_at": dossier.due_at,
        "late": _is_late(dossier, now),
        "law": list(dossier.law),
        "timeline": lines,
        "rules": [_rule(rule, names) for rule in dict.fromkeys(ids)],
        "limits": limits,
        "custody": _custody(dossier, names, reader),
        "waits_for": [_wait(one, names) for one in open_requests(dossier) if _is_told(one, dossier, reader)],
        "next": step,
        "possible": possible(dossier, law.profile, names, reader),
    }


_OF_EVERYBODY = frozenset({"intake", "forward", "forward_electronic", "apology", "due"})
"""Clocks of the dossier itself; others are of who asked and who was asked."""


def _is_limit_told(limit: Mapping[str, Any], dossier: Dossier, reader: Sender | None) -> bool:
    if reader is None or is_one_stop(dossier, reader) or limit["of"] in reader.organisations:
        return True
    if limit["kind"] in _OF_EVERYBODY:
        return True
    return sees_everything(dossier, reader) and limit["kind"] != "complaint"


def _is_late(dossier: Dossier, now: datetime) -> bool:
    is_open = dossier.status in {"accepted", "forwarded", "received", "in_process"}
    return is_open and dossier.measure is not None and dossier.measure < now


def _rule(rule_id: str, names: Names) -> dict[str, Any]:
    """How the law is cited for it, in its own words, and what the rules of this number hold."""
    place = rule_id.rstrip("0123456789") if rule_id[-2:-1].isalpha() else rule_id
    known = words_of_law().get(place)
    titles = list(dict.fromkeys(rule.title for rule in RULES if rule.id == rule_id))
    return {
        "id": rule_id,
        "cites": cited(rule_id, names.words.language),
        "text": known.text if known is not None else None,
        "titles": titles,
    }


def _custody(dossier: Dossier, names: Names, reader: Sender | None) -> list[dict[str, Any]]:
    """Who holds which paper, and to whom it is on its way; others see what is in their own hands."""
    goes_to = {paper: move.receiver for move in dossier.hand_overs for paper in move.papers}
    sees_all = sees_everything(dossier, reader)
    found = []
    for paper, holder in sorted(dossier.custody.items()):
        receiver = goes_to.get(paper)
        if not sees_all and reader is not None and reader.organisations.isdisjoint({holder, receiver}):
            continue
        text = names.organisation(holder)
        if receiver is not None:
            text += f", {names.words.say('under_way')} {names.organisation(receiver)}"
        component = dossier.originals[paper].component if paper in dossier.originals else paper
        line = {"paper": paper, "paper_text": names.paper(component), "holder": holder, "to": receiver}
        found.append(line | {"text": text})
    return found


def _is_told(one: OpenRequest, dossier: Dossier, reader: Sender | None) -> bool:
    if reader is None or is_one_stop(dossier, reader) or one.of in reader.organisations:
        return True
    return sees_everything(dossier, reader) and one.kind not in _OF_THE_ONE_STOP


def _wait(one: OpenRequest, names: Names) -> dict[str, Any]:
    words = names.words
    text = f"{words.of('waits', one.kind)} {one.name}".strip()
    of = words.of("sides", one.of) if one.of in {APPLICANT, "population"} else names.organisation(one.of)
    return {
        "kind": one.kind,
        "name": one.name or None,
        "text": text,
        "of": one.of,
        "of_text": of,
        "since": one.since,
    }
