"""Writes `docs/catalogue.md`, every message on the wire: `python -m tools.catalogue_page [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from pathlib import Path

from pydantic import BaseModel

from hub.dossier.rules.rulebook import RULES
from hub.dossier.standing import ALL, ALLOWED
from hub.engine.decide.routing import AUDIENCES, Audience
from hub.regulation.catalogue import Procedure
from hub.regulation.lawbook import load_book
from schemas.base import Fact, Request
from schemas.registry import DIRECTORY, FACTS, RECEIPTS, REQUESTS
from tools.consequences import by_article, consequences
from tools.generated_page import table, write_or_check

PAGE = Path("docs/catalogue.md")
_INTRODUCTION = """\
# Catalogue

Every type of message on the wire, then every rule of the regulation by its number, then the procedures.
Names are short: `onestop.` stands before each type, `.v1` behind it. A name leads to its JSON Schema; how
messages are sent and read is in [taking part](participants.md), and one dossier's way through them in the
[tutorial](tutorial.md).
"""
_REQUESTS = """\
Sent on the sender's `in.` topic, or over HTTPS to the gateway; the hub answers each on the sender's `out.`
topic. *When* names the states of a dossier in which the request can be accepted at all. *Rules* are those
that are looked at; what a refusal by one of them says is in [refusals by code](errors.md).
"""
_ANSWERS = """\
Sent by the adapters for what the national portal, the public post, the population database and the payment
platform have answered; a participant with one of these roles sends the same.
"""
_OWN = "What the hub asks of itself, on `in.hub`.\n"
_FACTS = """\
Recorded once, numbered per dossier, never changed. *Told to* are the `out.` topics on which it goes out,
besides `dossier.facts`: *one-stop* is every counter that speaks for the dossier's one-stop; *agency* every
system of the competent agency, from the forwarding on; *portal*, *post* and *population* the participant
that serves the dossier's one-stop. What a lookup in a database brought goes to the one-stop alone, whatever
the table says.
"""
_RECEIPTS = "One for each request, on the sender's `out.` topic; `data.request` is the id of the request.\n"
_DIRECTORY = """\
On the topic `directory`, keyed by kind and code; the same over HTTPS at `/v1/directory` ([taking
part](participants.md#13-what-you-may-name)).
"""
_RULES = """\
`15.6.c2` is article 15, clause 6, point c of the regulation that Quyết định 45/2023/QĐ-UBND issues, second
rule of that point; `qd45-2023` marks the decision itself, `qd45-2016` and `tt17-2017` the norms on the post
(Quyết định 45/2016/QĐ-TTg, Thông tư 17/2017/TT-BTTTT). *Looked at for* names the requests.
"""
_PROCEDURES = """\
The procedures are data, a record of the national catalogue each, in `hub/regulation/data/procedures/`; the
file under `hub/regulation/data/catalogues/` says which of them are one version, and from which day on it is
in force. A site has further versions in a folder of its own ([a change of the
law](operations.md#a-change-of-the-law)); `hub law list` shows which version is in force. Participants read
those in force today from the directory, with the papers, charges and cases of each ([taking
part](participants.md#13-what-you-may-name)). This is version `{version}`, with {count} procedures:
"""
_TOPICS = (
    (
        "`in.<participant>`",
        "that participant, or the gateway for it",
        "the hub",
        "its requests; kept for 7 days",
    ),
    (
        "`out.<participant>`",
        "the hub",
        "that participant",
        "one receipt for each of its requests, and the facts that concern it; kept for 14 days",
    ),
    ("`dossier.facts`", "the hub", "analytics, auditors", "every fact, for ever; personal fields are sealed"),
    ("`directory`", "the hub", "every participant", "what may be named; compacted"),
    ("`in.hub`", "the hub", "the hub", "timers that are due; closed to participants"),
)
_TOLD: Mapping[Audience, str] = {
    "one_stop": "one-stop",
    "agency": "agency",
    "named": "the agency that it names",
    "watching": "the agency's own one-stop",
    "addressee": "the organisation that it is for",
    "portal": "portal",
    "postal": "post",
    "population": "population",
    "notifier": "notifier",
    "typesetter": "typesetter",
    "public": "the page for everybody",
}
_OUTSIDE = frozenset({"portal", "postal", "population", "payments"})
"""Roles of participants that speak for outside systems."""


def _short(name: str) -> str:
    return name.removeprefix("onestop.").removesuffix(".v1")


def _linked(name: str) -> str:
    return f"[`{_short(name)}`](../schemas/generated/json-schema/{name}.json)"


def _example(name: str) -> str:
    return f"[example](../schemas/examples/{name}.json)"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _meaning(model: type[BaseModel]) -> str:
    return cleandoc(model.__doc__ or "").partition("\n\n")[0]


def _when(request: type[Request]) -> str:
    if request.subject == "new":
        return "opens a dossier"
    if request.subject in {"matter", "none"}:
        return "about no dossier"
    allowed = ALLOWED[request]
    if allowed == ALL:
        return "always"
    left = ALL - allowed
    return f"not {_codes(sorted(left))}" if len(left) < len(allowed) else _codes(sorted(allowed))


def _requests(found: Iterable[type[Request]]) -> str:
    head = ("type", "who may send it", "what it asks", "when", "rules", "becomes", "")
    rows = [
        (
            _linked(one.type),
            _codes(sorted(one.roles)),
            _meaning(one),
            _when(one),
            ", ".join(consequences(one).rules) or "-",
            _codes(map(_short, consequences(one).facts)),
            _example(one.type),
        )
        for one in found
    ]
    return table(head, rows)


def _facts() -> str:
    head = ("type", "what it says", "comes of", "told to", "")
    rows = [
        (_linked(name), _meaning(model), _codes(_sources(name)), _told(model), _example(name))
        for name, model in FACTS.items()
    ]
    return table(head, rows)


def _sources(fact: str) -> list[str]:
    return [_short(name) for name, model in REQUESTS.items() if fact in consequences(model).facts]


def _told(fact: type[Fact]) -> str:
    return ", ".join(word for audience, word in _TOLD.items() if audience in AUDIENCES[fact])


def _plain(models: Mapping[str, type[BaseModel]]) -> str:
    rows = [(_linked(name), _meaning(model), _example(name)) for name, model in models.items()]
    return table(("type", "what it says", ""), rows)


def _rules() -> str:
    titles: dict[str, list[str]] = {}
    for rule in RULES:
        known = titles.setdefault(rule.id, [])
        if rule.title not in known:
            known.append(rule.title)
    rows = [
        (rule_id, ".<br>".join(titles[rule_id]), _codes(_looked_at_for(rule_id)) or "the record itself")
        for rule_id in sorted(titles, key=by_article)
    ]
    return table(("rule", "what it holds", "looked at for"), rows)


def _looked_at_for(rule_id: str) -> list[str]:
    return [_short(name) for name, model in REQUESTS.items() if rule_id in consequences(model).rules]


def _times(procedure: Procedure) -> str:
    """Channels with the same handling times stand together."""
    by_times: dict[str, list[str]] = {}
    for channel in sorted(procedure.channels):
        times = dict.fromkeys(f"{one.time.amount} {one.time.unit}" for one in procedure.choices(channel))
        by_times.setdefault(", ".join(times) or "none published", []).append(channel)
    return "<br>".join(f"{_codes(channels)}: {times}" for times, channels in by_times.items())


def _procedures() -> str:
    book = load_book()
    law = book.in_force(book.days[-1])
    known: Sequence[Procedure] = sorted(law.catalogue.procedures.values(), key=lambda one: one.code)
    said = _PROCEDURES.format(version=law.versions.catalogue, count=len(known))
    rows = [(f"`{one.code}`", one.name, _times(one)) for one in known]
    return f"{said}\n{table(('code', 'name', 'handling time by channel'), rows)}"


def page() -> str:
    """The page below its first line."""
    requests = list(REQUESTS.values())
    outside = [one for one in requests if one.roles <= _OUTSIDE]
    own = [one for one in requests if one.roles == {"hub"}]
    others = [one for one in requests if one not in outside and one not in own]
    parts = (
        ("Requests", f"{_REQUESTS}\n{_requests(others)}"),
        ("Answers of the outside systems", f"{_ANSWERS}\n{_requests(outside)}"),
        ("The hub's own requests", f"{_OWN}\n{_requests(own)}"),
        ("Facts", f"{_FACTS}\n{_facts()}"),
        ("Receipts", f"{_RECEIPTS}\n{_plain(RECEIPTS)}"),
        ("Entries of the directory", f"{_DIRECTORY}\n{_plain(DIRECTORY)}"),
        ("Rules by number", f"{_RULES}\n{_rules()}"),
        ("The procedures", _procedures()),
    )
    topics = table(("topic", "who writes", "who reads", "what"), _TOPICS)
    return "\n".join([_INTRODUCTION, topics, *(f"## {heading}\n\n{text}" for heading, text in parts)])


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, "tools.catalogue_page", page(), sys.argv[1:]))
