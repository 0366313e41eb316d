"""What a form is made of: the opened facts of one dossier, and the names that stand for its codes (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from hub.forms.errors import NotIssuedError
from hub.forms.look_up import LookUpPage
from hub.forms.words import local
from hub.regulation.catalogue import Procedure
from hub.regulation.organisations import Organisations


@dataclass(frozen=True, slots=True)
class Letterhead:
    """How an agency stands on paper: its name, the body above it, and the place that dates a document."""

    name: str
    above: str | None = None
    place: str | None = None


Letterheads = Callable[[str, date], Letterhead]
"""By code and day of Viet Nam."""


def letterheads(known: Organisations) -> Letterheads:
    """Those of the organisations that were imported; where no name is known, the code stands for it.

    The place is its own, or that of the body above it.
    """

    def of(code: str, day: date) -> Letterhead:
        found = known.on(code, day)
        if found is None:
            return Letterhead(code)
        above = known.on(found.parent, day) if found.parent is not None else None
        place = found.place or (above.place if above is not None else None)
        return Letterhead(found.name_vi, above.name_vi if above is not None else None, place)

    return of


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`facts` are bodies in their order, with `type`, `time` and `data`; `procedure` as it was published.

    Organisations are called as on the day on which the dossier was lodged.
    """

    facts: Sequence[Mapping[str, Any]]
    procedure: Procedure
    letterheads: Letterheads
    page: LookUpPage | None = None
    """Where the dossier is looked up; None: Form 01 says nothing of it."""
    mark: str = ""
    """Of the dossier's key (`DossierKey.paper_mark`); an invented dossier has none."""

    def last(self, *names: str) -> Mapping[str, Any]:
        """The latest fact of one of these types, by short names; `NotIssuedError` when there is none."""
        found = self.find(*names)
        if found is not None:
            return found
        raise NotIssuedError(f"the dossier has no {' or '.join(names)}")

    def find(self, *names: str) -> Mapping[str, Any] | None:
        """As `last`, or None."""
        return next((fact for fact in reversed(self.facts) if short_name(fact) in names), None)

    def organisation(self, code: str) -> Letterhead:
        """The organisation of a code."""
        return self.letterheads(code, local(self.facts[0]["time"]).date())

    def component(self, code: str) -> str:
        """The published name of a paper, without the marks of a list; the code of an unpublished one."""
        found = next((one.name for one in self.procedure.components if one.code == code), None)
        return found.strip("-+;. \n") if found is not None else code


def short_name(fact: Mapping[str, Any]) -> str:
    """`dossier.accepted` of `onestop.dossier.accepted.v1`."""
    return _short(fact["type"])


@cache
def _short(kind: str) -> str:
    return kind.removeprefix("onestop.").rpartition(".v")[0]
