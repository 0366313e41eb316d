"""What happened, line by line in words: facts by their open fields, refusals by their texts (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from hub.dossier.texts import refusal_texts
from hub.explaining.naming import Names, moment
from hub.explaining.words import all_words
from hub.regulation.catalogue import HandlingTime
from hub.regulation.errors import UnknownProvisionError
from hub.regulation.norms import provision

_ORGANISATIONS = frozenset(
    {
        "agency", "by", "competent", "decided_by", "giver", "handler", "holder", "lead", "needed_by", "of",
        "organisation", "passed_by", "receiver", "referred_to", "responsible", "to",
        "told_to", "watched_by", "followed",
    }
)  # fmt: skip
_PAPERS = frozenset(
    {"component", "components", "copies", "gaps", "handed_in", "moves", "not_needed", "papers", "originals"}
)
_SPANS = frozenset({"late_s", "overdue_s", "waited_s"})
_MONEY = frozenset({"amount", "cash_on_delivery", "costs_total", "total"})
_NAMED_BY = ("day", "organisation", "former", "component", "code", "form", "leg", "paper", "papers", "kind")
"""By which of its fields a thing inside of a fact is named."""


def happened(entries: Iterable[Mapping[str, Any]], names: Names) -> list[dict[str, Any]]:
    """Each entry of the history with its words."""
    return [_line(entry, names) for entry in entries]


def _line(entry: Mapping[str, Any], names: Names) -> dict[str, Any]:
    words = names.words
    what, name = entry["what"], entry["name"]
    line: dict[str, Any] = {"at": entry["at"], "what": what, "name": name, "sequence": entry["sequence"]}
    if what == "fact":
        line |= {"text": words.of("facts", name), "details": list(details(name, entry["data"], names))}
    elif what == "refused":
        line |= {"text": f"{words.say('refused')}: {_refusal(name, names)}", "details": []}
    elif what == "delivery":
        line |= {"text": f"{words.say('delivery')}: {words.of('facts', name)}", "details": []}
    else:
        line |= {"text": words.say("altered"), "details": []}
    return line | {"rules": list(entry["rule"] or ())}


def _refusal(code: str, names: Names) -> str:
    try:
        texts = refusal_texts(code)
    except KeyError:
        return code  # of a newer program
    return texts.vi if names.words.language == "vi" else texts.en


def details(fact: str, data: Mapping[str, Any], names: Names) -> Iterator[dict[str, Any]]:
    """The open fields that say something, each with its label; a value that is not there is left out."""
    labels = all_words()["fields"]
    for field, value in data.items():
        if field in labels and (said := _said(fact, field, value, names)):
            yield {"name": field, "label": names.words.of("fields", field), "text": said}


def _said(fact: str, field: str, value: object, names: Names) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return ", ".join(said for one in value if (said := _said(fact, field, one, names)))
    if isinstance(value, Mapping):
        inner = next((value[name] for name in _NAMED_BY if value.get(name)), None)
        return _said(fact, field, inner, names)
    if value is True:
        return names.words.say("yes")
    if isinstance(value, int):
        return _number(field, value, names)
    return _text(fact, field, str(value), names)


def _number(field: str, value: int, names: Names) -> str:
    if field in _SPANS:
        return names.words.span(value) if value else ""
    if field in _MONEY:
        return names.words.filled("words", "dong", n=f"{value:,}".replace(",", "."))
    return str(value)


def _text(fact: str, field: str, value: str, names: Names) -> str:
    words = names.words
    if field == "kind" and fact in {"deadline.near", "deadline.missed", "limit.moved"}:
        return words.of("timers", value)
    if field.endswith(("_at", "_by", "_limit", "_until")) or field in {"at", "limit"}:
        return _moment(value) or words.value(field, value)
    if field == "handling":
        return handling_time(value, names)
    if field in {"rule", "basis"}:
        return cited(value, words.language)
    if field in _ORGANISATIONS and value not in all_words()["values"]:
        return names.organisation(value)
    return names.paper(value) if field in _PAPERS else words.value(field, value)


def _moment(value: str) -> str | None:
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return None


def handling_time(text: str, names: Names) -> str:
    """`5 WORKING_DAY` in words."""
    time = HandlingTime.read(text)
    return names.words.filled("units", time.unit.value, n=f"{time.amount:f}")


def cited(rule_id: str, language: str) -> str:
    """How the law is cited for a rule; the id where no text has it."""
    try:
        place = provision(rule_id)
    except UnknownProvisionError:
        return rule_id
    return place.vi if language == "vi" else place.en
