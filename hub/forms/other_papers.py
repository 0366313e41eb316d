"""Papers of a dossier beside the forms of the circular: slips, minutes, letters, each of one fact (pure)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from hub.forms.amounts import in_words, with_points
from hub.forms.case_file import CaseFile, short_name
from hub.forms.contents import Content, common_content, holder_name
from hub.forms.errors import FormError, NotIssuedError
from hub.forms.form_set import FormSet
from hub.forms.typesetting import Sheet, made_at, qr_code, typeset
from hub.forms.words import day_in_words, local, moment_in_words, word
from hub.regulation.errors import ProfileError
from hub.regulation.pins import pinned_files

_Fact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper by its name on the command line; `rule` asks for it."""

    vi: str
    en: str
    rule: str
    template: str
    size: Literal["A4", "A5"]


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers that come with the hub, their templates and words."""

    decision: str
    by_name: Mapping[str, Paper]
    words: Mapping[str, str]
    files: Mapping[str, bytes]


@cache
def installed_papers() -> Papers:
    """Those that come with the hub; raises `FormError` for an edited file, as with form sets."""
    try:
        found = pinned_files(files("hub.forms") / "papers")
    except ProfileError as error:
        raise FormError(f"papers: {error}") from error
    declared = tomllib.loads(found["papers.toml"].decode())
    by_name = {name: Paper(**fields) for name, fields in declared["papers"].items()}
    return Papers(declared["decision"], by_name, declared["words"], found)


def printed_paper(name: str, form_set: FormSet, case: CaseFile) -> bytes:
    """The paper as PDF/A, dated by its fact; `NotIssuedError` where the dossier has no such fact."""
    return typeset(sheet_of_paper(name, form_set, case))


def papers_issued_by(fact: _Fact) -> tuple[str, ...]:
    """The papers that belong to a fact, by name."""
    return tuple(name for name, (is_fact, _) in _MADE_OF.items() if is_fact(fact))


def sheet_of_paper(name: str, form_set: FormSet, case: CaseFile) -> Sheet:
    """What the paper is made of; `NotIssuedError` where the dossier has no such fact."""
    known = installed_papers()
    paper, (is_fact, fill) = known.by_name[name], _MADE_OF[name]
    fact = next((one for one in reversed(case.facts) if is_fact(one)), None)
    if fact is None:
        raise NotIssuedError(f"the dossier has no fact for the paper {name} ({paper.rule})")
    issued = datetime.fromisoformat(fact["time"])
    names_person = name not in _FOR_OTHERS
    content = common_content(
        paper.vi, paper.size, case, form_set, local(fact["time"]), names_person=names_person
    )
    content |= fill(fact["data"], case, form_set)
    content["qr"] = qr_code(content["qr_text"])
    return Sheet(known.files, paper.template, content, made_at(issued))


def _is(name: str, *needed: str) -> Callable[[_Fact], bool]:
    """A fact of this type that has these fields."""
    return lambda fact: short_name(fact) == name and all(fact["data"].get(one) for one in needed)


def _names(papers: list[str], case: CaseFile) -> list[str]:
    return [case.component(code) for code in papers]


def _hand_over(data: _Fact, case: CaseFile, words: FormSet) -> Content:
    return {
        "giver": holder_name(data["giver"], case, words),
        "receiver": holder_name(data["receiver"], case, words),
        "giver_name": data["giver"]["name"],
        "receiver_name": data["receiver"]["name"],
        "at": moment_in_words(case.last("paper.handed_over")["time"]),
        "slip": data.get("slip"),
        "papers": _names(data["papers"], case),
    }


def _transfer_slip(data: _Fact, case: CaseFile, _words: FormSet) -> Content:
    """By the plan of the one-stop; who has begun has the limit that runs, the others that of the plan."""
    plan = case.last("leg.planned")["data"]
    begun = {fact["data"]["leg"]: fact["data"] for fact in case.facts if short_name(fact) == "leg.started"}
    done = {fact["data"]["leg"]: fact["data"] for fact in case.facts if short_name(fact) == "leg.finished"}
    passer = case.organisation(data["passed_by"])
    return {
        "above": passer.above,
        "one_stop": passer.name,
        "place": passer.place,
        "slip": data["slip"],
        "to": case.organisation(data["of"]).name,
        "leg": data["leg"],
        "lead": case.organisation(data["lead"]).name,
        "due_at": moment_in_words(plan["due_at"]),
        "parts": [
            {
                "of": case.organisation(one["of"]).name,
                "task": one["task"],
                "limit": moment_in_words(begun.get(one["leg"], one)["finish_by"]),
                "result": _result(done.get(one["leg"])),
                "is_next": one["leg"] == data["leg"],
            }
            for one in plan["legs"]
        ],
        "papers": [case.component(one["code"]) for one in data["components"]],
        "officer": data["officer"]["name"],
    }


def _result(finished: _Fact | None) -> str:
    if finished is None:
        return ""
    return f"{word(installed_papers().words, finished['outcome'])}: {finished['result']}"


def _post_minutes(data: _Fact, case: CaseFile, _words: FormSet) -> Content:
    ordered = next(
        (
            fact["data"]
            for fact in case.facts
            if short_name(fact) == "pickup.ordered" and fact["data"]["order"] == data["order"]
        ),
        None,
    )
    if ordered is None:
        raise NotIssuedError(f"the dossier has no order {data['order']}")
    return {
        "minutes": data["minutes"],
        "at": moment_in_words(data["at"]),
        "order": data["order"],
        "item": data.get("item"),
        "sender": ordered["sender"]["name"],
        "receiver": ordered["receiver"]["name"],
        "contents": list(ordered["contents"]),
    }


def _urging(data: _Fact, case: CaseFile, _words: FormSet) -> Content:
    letter = data["letter"]
    return {
        "letter": letter["number"],
        "date": day_in_words(datetime.fromisoformat(letter["signed_on"])),
        "to": case.organisation(data["to"]).name,
        "limit": moment_in_words(data["limit"]),
        "is_overdue": data["overdue_s"] > 0,
        "content": data["content"],
        "by_order_of": letter["by_order_of"],
        "signer": letter["signer"]["name"],
    }


def _loss(data: _Fact, case: CaseFile, words: FormSet) -> Content:
    officer = data.get("officer")
    return {
        "loss": data["loss"],
        "kind": word(installed_papers().words, data["kind"]),
        "holder": _of_holder(data["holder"], case, words),
        "noticed_at": moment_in_words(data["noticed_at"]),
        "papers": _names(data["papers"], case),
        "circumstances": data.get("circumstances"),
        "officer": officer["name"] if officer else None,
    }


def _loss_apology(data: _Fact, case: CaseFile, words: FormSet) -> Content:
    apology, known = data["apology"], installed_papers().words
    return {
        "document": apology.get("document"),
        "date": day_in_words(local(apology["at"])),
        "responsible": _of_holder(data["responsible"], case, words),
        "outcomes": [
            {"name": case.component(one["paper"]), "outcome": word(known, one["outcome"])}
            for one in data["papers"]
        ],
        "costs_total": with_points(data["costs_total"]) if data["costs_total"] else None,
        "officer": apology["officer"]["name"],
    }


def _payment(data: _Fact, _case: CaseFile, _words: FormSet) -> Content:
    known = installed_papers().words
    items = [
        {
            "kind": word(known, one["kind"]),
            "basis": one.get("basis"),
            "amount": with_points(one["amount"]),
            "quantity": one["quantity"],
            "total": with_points(one["amount"] * one["quantity"]),
        }
        for one in data["items"]
    ]
    return {
        "payment": data["payment"],
        "items": items,
        "total": with_points(data["amount"]),
        "in_words": in_words(data["amount"]),
        "at": moment_in_words(data["at"]),
        "place_of_payment": word(known, data["place"]),
        "transaction": data.get("transaction"),
    }


def _true_copy(data: _Fact, case: CaseFile, _words: FormSet) -> Content:
    registered = next(
        (
            fact["data"]
            for fact in reversed(case.facts)
            if short_name(fact) == "copy.registered" and fact["data"]["component"] == data["component"]
        ),
        None,
    )
    if registered is None:
        raise NotIssuedError(f"the dossier has no copy of {data['component']}")
    return {
        "form_of_copy": word(installed_papers().words, "true_copy"),
        "agency": case.organisation(data["agency"]).name,
        "signed_at": local(data["signed_at"]).isoformat(timespec="seconds"),
        "component": case.component(data["component"]),
        "pages": sum(one["pages"] for one in registered["files"]),
        "files": [one["digest"] for one in registered["files"]],
        "officer": data["officer"]["name"],
    }


def _is_paid(fact: _Fact) -> bool:
    return short_name(fact) == "payment.recorded" and fact["data"].get("status") == "paid"


def _of_holder(holder: str, case: CaseFile, words: FormSet) -> str:
    """A holder as facts of losses name it: a code, `post` or `applicant`."""
    kind = holder if holder in {"post", "applicant"} else "organisation"
    return holder_name({"kind": kind, "organisation": holder}, case, words)


_FOR_OTHERS = frozenset({"urging"})
"""Papers for an office that may have been asked for an opinion only, and is not told who the applicant is."""
_MADE_OF: Mapping[str, tuple[Callable[[_Fact], bool], Callable[[_Fact, CaseFile, FormSet], Content]]] = {
    "hand-over": (_is("paper.handed_over"), _hand_over),
    "transfer-slip": (_is("leg.started", "slip", "passed_by"), _transfer_slip),
    "post-minutes": (_is("pickup.progressed", "minutes"), _post_minutes),
    "urging": (_is("reminder.issued", "letter"), _urging),
    "loss": (_is("loss.recorded"), _loss),
    "loss-apology": (_is("loss.settled", "apology"), _loss_apology),
    "payment": (_is_paid, _payment),
    "true-copy": (_is("copy.certified"), _true_copy),
}
"""The fact that each paper belongs to, and what it gives to be printed."""
