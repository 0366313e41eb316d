"""The words of the regulation, provision by provision (`decision-45-2023.vi.txt`, as it was published)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_OPENING = re.compile(r"(?:Điều (?P<article>\d+)\.|(?P<clause>\d+)\.|(?P<point>[a-zđ])\)) (?P<words>.+)")


@dataclass(frozen=True, slots=True)
class Words:
    """One article, clause or point; an article's `text` is its title, and what stands before clause 1."""

    place: str
    text: str


@cache
def words() -> Mapping[str, Words]:
    """All provisions by their place (`15`, `15.6`, `15.6.c`), in the order of the text."""
    text = (files("hub.regulation") / "decision-45-2023.vi.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for place, paragraph in _placed(text.strip().split("\n\n")):
        found.setdefault(place, []).append(paragraph)
    return {place: Words(place, "\n".join(paragraphs)) for place, paragraphs in found.items()}


def _placed(paragraphs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each paragraph with the provision it belongs to: the last that was opened."""
    article = clause = place = ""
    for paragraph in paragraphs:
        opened = _OPENING.fullmatch(paragraph)
        if opened is None:
            yield place, paragraph
            continue
        if opened["article"]:
            article = place = opened["article"]
        elif opened["clause"]:
            clause = place = f"{article}.{opened['clause']}"
        else:
            place = f"{clause}.{opened['point']}"
        yield place, opened["words"]
