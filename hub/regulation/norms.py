"""What a rule id names: article, clause and point of a norm, and how people cite it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hub.regulation.errors import UnknownProvisionError
from hub.regulation.wording import words

_ID = re.compile(
    r"(?:(?P<prefix>[a-z]+[0-9]+-[0-9]{4})\.)?(?P<article>[1-9][0-9]{0,2})"
    r"(?:\.(?P<clause>[1-9][0-9]?))?(?:\.(?P<point>[a-zđ])(?P<rank>[1-9])?)?"
)


@dataclass(frozen=True, slots=True)
class Norm:
    """A text that rules stand on; `places` are articles, clauses and points, as `15`, `15.6`, `15.6.c`."""

    prefix: str
    vi: str
    en: str
    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class Provision:
    """Where a rule stands; `rank` tells the rules of one point apart."""

    norm: Norm
    article: str
    clause: str | None
    point: str | None
    rank: int | None

    @property
    def place(self) -> str:
        """Article, clause and point without norm and rank."""
        return ".".join(part for part in (self.article, self.clause, self.point) if part)

    @property
    def vi(self) -> str:
        """As a Vietnamese text cites it: "điểm c khoản 6 Điều 15"."""
        words = [f"điểm {self.point}"] if self.point else []
        words += [f"khoản {self.clause}"] if self.clause else []
        return " ".join((*words, f"Điều {self.article}", *([self.norm.vi] if self.norm.prefix else ())))

    @property
    def en(self) -> str:
        """The same in English: "Art. 15.6.c"."""
        return f"Art. {self.place}" + (f" {self.norm.en}" if self.norm.prefix else "")


@cache
def norms() -> dict[str, Norm]:
    """All norms by the prefix of their ids, read once per process; the regulation itself has none."""
    data = tomllib.loads((files("hub.regulation") / "norms.toml").read_text(encoding="utf-8"))
    return {entry["prefix"]: _norm(entry) for entry in data["norms"]}


@cache
def provision(rule_id: str) -> Provision:
    """What a rule id names; raises UnknownProvisionError for one that no text has."""
    found = _ID.fullmatch(rule_id)
    norm = norms().get(found["prefix"] or "") if found is not None else None
    if found is None or norm is None:
        raise UnknownProvisionError(rule_id)
    rank = int(found["rank"]) if found["rank"] else None
    named = Provision(norm, found["article"], found["clause"], found["point"], rank)
    if named.place not in norm.places:
        raise UnknownProvisionError(rule_id)
    return named


def _norm(entry: dict[str, object]) -> Norm:
    places = set(words())
    if (articles := entry.get("articles")) is not None:
        assert isinstance(articles, dict)
        places = {*articles, *(f"{article}.{part}" for article, parts in articles.items() for part in parts)}
    return Norm(str(entry["prefix"]), str(entry["vi"]), str(entry["en"]), frozenset(places))
