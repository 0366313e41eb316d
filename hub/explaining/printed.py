"""A case file as lines of text (pure)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from hub.explaining.naming import moment
from hub.explaining.words import CaseWords, Language

_WIDTH = 110


def printed(file: Mapping[str, Any], language: Language, width: int = _WIDTH) -> list[str]:
    """The lines, each section under its heading."""
    words = CaseWords(language)
    lines: list[str] = []
    for indent, text in _texts(file, words):
        room = max(width, 40)
        lines += textwrap.wrap(
            text,
            room,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def _texts(file: Mapping[str, Any], words: CaseWords) -> Iterator[tuple[int, str]]:
    say = words.say
    yield 0, f"{say('title')} {file['code'] or file['dossier']}: {file['status']['text']}"
    title = file["procedure"]["text"] or ""
    yield 0, f"{say('procedure')}: {title} ({file['procedure']['code']})".replace(":  (", ": (")
    yield 0, f"{say('organisation')}: {file['organisation']['text']}"
    yield 0, f"{say('agency')}: {file['agency']['text']}"
    if file["due_at"] is not None:
        late = f" ({say('late')})" if file["late"] else ""
        yield 0, f"{say('due')}: {moment(file['due_at'])}{late}"
    yield 0, f"{say('turn')}: {file['turn']['text']}"
    for name, section in (
        ("timeline", _timeline), ("limits", _limits), ("custody", _custody), ("waits_for", _waits),
        ("next", _next), ("possible", _possible), ("rules", _rules),
    ):  # fmt: skip
        yield 0, ""
        yield 0, say(name)
        lines = list(section(file[name], words)) if file[name] else []
        yield from lines or [(2, say("nothing"))]


def _timeline(lines: list[dict[str, Any]], _words: CaseWords) -> Iterator[tuple[int, str]]:
    for line in lines:
        number = f"{line['sequence']}. " if line["sequence"] is not None else ""
        cited = f" [{', '.join(line['rules'])}]" if line["rules"] else ""
        told = "; ".join(f"{one['label']}: {one['text']}" for one in line["details"])
        yield 2, f"{moment(line['at'])}  {number}{line['text']}{': ' if told else ''}{told}{cited}"


def _limits(limits: list[dict[str, Any]], _words: CaseWords) -> Iterator[tuple[int, str]]:
    for limit in limits:
        yield 2, f"{moment(limit['due_at'])}  {limit['text']} ({limit['of_text']}) [{limit['rule']}]"
        yield 4, limit["explained"]


def _custody(papers: list[dict[str, Any]], _words: CaseWords) -> Iterator[tuple[int, str]]:
    for paper in papers:
        yield 2, f"{paper['paper_text']}: {paper['text']}"


def _waits(waits: list[dict[str, Any]], words: CaseWords) -> Iterator[tuple[int, str]]:
    for wait in waits:
        since = f", {words.say('since')} {moment(wait['since'])}" if wait["since"] else ""
        yield 2, f"{wait['of_text']}: {wait['text']}{since}"


def _next(step: dict[str, Any], words: CaseWords) -> Iterator[tuple[int, str]]:
    yield 2, step["text"]
    for lack in step["missing"]:
        papers = f": {', '.join(paper['text'] for paper in lack['papers'])}" if lack["papers"] else ""
        cites = f" ({lack['cites']})" if lack["rule"] else ""
        yield 4, f"{words.say('missing')}: {lack['text']}{papers}{cites}"
        if lack["advice"]:
            yield 6, lack["advice"]
    if not step["missing"]:
        yield 4, words.say("nothing_missing")


def _possible(lines: list[dict[str, Any]], _words: CaseWords) -> Iterator[tuple[int, str]]:
    for line in lines:
        by = f": {'; '.join(one['text'] for one in line['by'])}" if line["by"] else ""
        yield 2, f"{line['text']}{by}"


def _rules(rules: list[dict[str, Any]], words: CaseWords) -> Iterator[tuple[int, str]]:
    for rule in rules:
        yield 2, f"{rule['id']}  {rule['cites']}"
        if words.language == "vi" and rule["text"]:
            yield 4, rule["text"]
        elif words.language == "en":
            for title in rule["titles"]:
                yield 4, title
