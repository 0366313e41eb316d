"""What stands on the forms of one dossier, by its facts and for any set of forms (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from hub.forms.case_file import CaseFile, Letterhead, short_name
from hub.forms.errors import FormError
from hub.forms.form_set import FormSet
from hub.forms.words import day_in_words, local, moment_in_words, word
from hub.regulation.sections import Form, FormKind

Content = dict[str, Any]
_SYSTEM = "Hệ thống thông tin giải quyết thủ tục hành chính"
ISSUED_BY: Mapping[FormKind, tuple[str, ...]] = {
    "receipt": ("dossier.accepted", "dossier.supplemented"),
    "supplement": ("dossier.supplement_requested",),
    "refusal": ("dossier.declined",),
    "apology": ("apology.sent",),
    "stop": ("dossier.withdrawn",),
    "control_slip": ("dossier.accepted",),
}
"""The facts that each form belongs to; it is dated by the last of them."""
ONLY_NAMED = frozenset({"dossier.supplemented", "dossier.withdrawn"})
"""Those of them that issue a form only where they name it."""
HAND_OVERS = ("dossier.forwarded", "paper.handed_over", "result.issued", "result.returned")
"""What makes a row of the control slip."""
FIRST_ROWS, LAST_ROWS = 10, 50
"""Of a control slip; of those between them it says how many they are: it is made anew with each hand-over."""


def issuing_fact(kind: FormKind, case: CaseFile) -> Mapping[str, Any]:
    """The fact that issued the form; `NotIssuedError` when the dossier has none.

    `FormError` for the register, which is of many dossiers.
    """
    if kind not in ISSUED_BY:
        raise FormError("this form is of many dossiers: hub forms register writes it")
    names = ISSUED_BY[kind]
    found = next((fact for fact in reversed(case.facts) if is_issued_by(fact, names)), None)
    return found if found is not None else case.last(*names[:1])


def is_issued_by(fact: Mapping[str, Any], names: Collection[str]) -> bool:
    """Whether the fact is one of these and issues its form."""
    name = short_name(fact)
    return name in names and (name not in ONLY_NAMED or fact["data"].get("form") is not None)


def receipt_of(accepted: Mapping[str, Any], supplemented: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What the last Form 01 says, by the data of these facts; the new one, once the time counts anew."""
    if supplemented is None or supplemented.get("form") is None:
        return accepted
    return {
        **accepted,
        "components": supplemented["components"],
        "accepted_at": supplemented["supplemented_at"],
        "due_at": supplemented["due_at"],
        "officer": supplemented.get("taken_by") or accepted["officer"],
    }


def content_of(form: Form, case: CaseFile, words: FormSet) -> Content:
    """What the form's template gets; `qr_text` is what the code at the top left says.

    Raises `NotIssuedError`, and `FormError` for a code that the form set has no word for.
    """
    fact = issuing_fact(form.kind, case)
    data = _last_receipt(case) if form.kind in {"receipt", "control_slip"} else fact["data"]
    due = data["due_at"] if form.kind == "receipt" else None
    common = common_content(form.vi, form.paper, case, words, local(fact["time"]), due)
    return common | _FILLED[form.kind](data, case, words)


def _last_receipt(case: CaseFile) -> Mapping[str, Any]:
    supplemented = case.find("dossier.supplemented")
    accepted = case.last("dossier.accepted")["data"]
    return receipt_of(accepted, supplemented["data"] if supplemented is not None else None)


def common_content(
    title: str,
    paper: str,
    case: CaseFile,
    words: FormSet,
    issued: datetime,
    due: str | None = None,
    *,
    names_person: bool = True,
) -> Content:
    """What stands on every paper of a dossier: head, person, procedure and the text of its code.

    Without `names_person` nothing of the applicant is in it, the code included: for an office that nobody has
    told who that is.
    """
    submitted, accepted = case.last("dossier.submitted")["data"], case.find("dossier.accepted")
    one_stop = case.organisation(submitted["organisation"])
    code = accepted["data"]["code"] if accepted is not None else None
    common: Content = {
        "title": title,
        "paper": paper,
        "code": code,
        "number": code.rpartition("-")[2] if code is not None else None,
        "above": one_stop.above,
        "one_stop": one_stop.name,
        "place": one_stop.place,
        "date": day_in_words(issued),
        "copy": None,
        "person": _person(submitted, words) if names_person else None,
        "procedure": case.procedure.name,
        "summary": submitted.get("summary") if names_person else None,
    }
    applicant = submitted["applicant"] if names_person else {}
    common["qr_text"] = _qr_text(common, case, applicant, issued, due)
    return common


def _person(submitted: Mapping[str, Any], words: FormSet) -> Content:
    applicant, proxy = submitted["applicant"], submitted.get("proxy")
    return {
        "name": applicant["name"],
        "address": applicant.get("address"),
        "phone": applicant.get("phone"),
        "email": applicant.get("email"),
        "proxy": proxy["name"] if proxy else None,
        "basis": word(words.words.basis, proxy["basis"]) if proxy else None,
        "handed_in_by": (proxy or applicant)["name"],
    }


def _qr_text(
    common: Content, case: CaseFile, applicant: Mapping[str, Any], issued: datetime, due: str | None
) -> str:
    """Circular 01/2023/TT-VPCP, Art. 26: codes, person, paper, system, time; on Form 01 when to come."""
    person = next(
        (applicant[name] for name in ("identity_number", "tax_code", "organisation") if applicant.get(name)),
        "",
    )
    parts = [common["code"] or "", case.procedure.code, person, common["title"], _SYSTEM]
    parts.append(issued.isoformat(timespec="seconds"))
    if due is not None:
        parts.append(local(due).isoformat(timespec="minutes"))
    return "|".join(parts)


def _receipt(data: Mapping[str, Any], case: CaseFile, words: FormSet) -> Content:
    submitted = case.last("dossier.submitted")["data"]
    amount, _, unit = data["handling"].partition(" ")
    return {
        "copies": list(words.words.copies.values()),
        "components": [
            {
                "name": case.component(one["code"]),
                "originals": one["originals"],
                "copies": one.get("copies", 0),
                "electronic": one.get("electronic", False),
            }
            for one in data["components"]
        ],
        "sets": data["sets"],
        "handling": f"{amount.zfill(2)} {word(words.words.unit, unit)}",
        "accepted_at": moment_in_words(data["accepted_at"]),
        "due_at": moment_in_words(data["due_at"]),
        "return_channel": word(words.words.return_channel, submitted["return_channel"]),
        "officer": data["officer"]["name"],
        "look_up": case.page.shown(data["code"]) if case.page is not None else None,
    }


def _supplement(data: Mapping[str, Any], case: CaseFile, _words: FormSet) -> Content:
    gaps = [
        {"name": case.component(gap["component"]) if gap.get("component") else None, "reason": gap["reason"]}
        for gap in data["gaps"]
    ]
    return {
        "asker": _side(case, is_one_stop=data["stage"] == "intake").name,
        "gaps": gaps,
        "guidance": data.get("guidance"),
        "officer": data["officer"]["name"],
    }


def _refusal(data: Mapping[str, Any], case: CaseFile, words: FormSet) -> Content:
    competent = data.get("competent")
    return {
        "asker": _side(case, is_one_stop=data["mode"] == "refuse_intake").name,
        "reason": word(words.words.reason, data["reason"]),
        "explanation": data["explanation"],
        "competent": case.organisation(competent).name if competent else None,
        "officer": data["officer"]["name"],
    }


def _apology(data: Mapping[str, Any], case: CaseFile, _words: FormSet) -> Content:
    return {
        "agency": case.organisation(data["agency"]).name,
        "accepted_at": moment_in_words(case.last("dossier.accepted")["data"]["accepted_at"]),
        "due_at": moment_in_words(data["due_at"]),
        "reason": data["reason"].rstrip("."),
        "new_due_at": moment_in_words(data["new_due_at"]),
        "officer": data["officer"]["name"],
    }


def _stop(data: Mapping[str, Any], case: CaseFile, _words: FormSet) -> Content:
    """At the applicant's wish, also before there is a code."""
    accepted, reason = case.find("dossier.accepted"), data.get("reason")
    return {
        "agency": _side(case, is_one_stop=False).name,
        "accepted_at": moment_in_words(accepted["data"]["accepted_at"]) if accepted is not None else None,
        "stopped_at": moment_in_words(case.last("dossier.withdrawn")["time"]),
        "reason": reason.rstrip(".") if reason is not None else None,
    }


def _control_slip(data: Mapping[str, Any], case: CaseFile, words: FormSet) -> Content:
    facts = [fact for fact in case.facts if short_name(fact) in HAND_OVERS]
    between = max(0, len(facts) - FIRST_ROWS - LAST_ROWS)
    shown = [_hand_over(fact, case, words) for fact in (*facts[:FIRST_ROWS], *facts[FIRST_ROWS + between :])]
    if between:
        shown.insert(FIRST_ROWS, _left_out(between))
    return {
        "agency": case.organisation(data["agency"]).name,
        "due_at": moment_in_words(data["due_at"]),
        "hand_overs": shown,
    }


def _left_out(count: int) -> Content:
    """A row in place of so many."""
    names = ("at", "giver", "giver_name", "taker", "taker_name")
    return {**dict.fromkeys(names, "[…]"), "outcome": None, "note": f"[… {count} …]"}


def _hand_over(fact: Mapping[str, Any], case: CaseFile, words: FormSet) -> Content:
    data = fact["data"]
    one_stop = _side(case, is_one_stop=True).name
    found: Content = {"at": moment_in_words(fact["time"]), "outcome": None, "note": None, "taker_name": None}
    match short_name(fact):
        case "dossier.forwarded":
            taker = case.organisation(data["to"]).name
            return found | {"giver": one_stop, "taker": taker, "giver_name": data["officer"]["name"]}
        case "paper.handed_over":
            giver, taker = (holder_name(data[side], case, words) for side in ("giver", "receiver"))
            names = {"giver_name": data["giver"]["name"], "taker_name": data["receiver"]["name"]}
            return found | {"giver": giver, "taker": taker, "note": data.get("slip")} | names
        case "result.issued":
            giver = case.organisation(data["agency"]).name
            done = found | {"giver": giver, "taker": one_stop, "giver_name": data["signer"]["name"]}
            return done | {"outcome": _outcome(data, case, words)}
        case _:
            taken = {"taker": words.words.holder["applicant"], "taker_name": data.get("received_by")}
            return found | {"giver": one_stop, "giver_name": None} | taken


def holder_name(custodian: Mapping[str, Any], case: CaseFile, words: FormSet) -> str:
    """Who holds papers, by name: an organisation, the post or the applicant."""
    if custodian["kind"] == "organisation":
        return case.organisation(custodian["organisation"]).name
    return word(words.words.holder, custodian["kind"])


def _outcome(issued: Mapping[str, Any], case: CaseFile, words: FormSet) -> str:
    """Late by what the fact says; early where it was issued on a day before the one of Form 01."""
    if issued.get("overdue_s", 0) > 0:
        return word(words.words.outcome, "late")
    due = local(_last_receipt(case)["due_at"])
    is_early = local(issued["issued_at"]).date() < due.date()
    return word(words.words.outcome, "early" if is_early else "in_time")


def _side(case: CaseFile, *, is_one_stop: bool) -> Letterhead:
    submitted = case.last("dossier.submitted")["data"]
    return case.organisation(submitted["organisation" if is_one_stop else "agency"])


_FILLED: Mapping[FormKind, Callable[[Mapping[str, Any], CaseFile, FormSet], Content]] = {
    "receipt": _receipt,
    "supplement": _supplement,
    "refusal": _refusal,
    "apology": _apology,
    "stop": _stop,
    "control_slip": _control_slip,
}
