"""What a form is made of: the opened facts of one dossier, and the names that stand for its codes (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.forms.errors import NotIssuedError
from hub.regulation.catalogue import Procedure


@dataclass(frozen=True, slots=True)
class Letterhead:
    """How an agency stands on paper: its name, the body above it, and the place that dates a document."""

    name: str
    above: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`facts` are bodies in their order, with `type`, `time` and `data`; `procedure` as it was published."""

    facts: Sequence[Mapping[str, Any]]
    procedure: Procedure
    organisations: Mapping[str, Letterhead]

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
        """The organisation of a code; where no name is known, the code stands for it."""
        return self.organisations.get(code) or Letterhead(code)

    def component(self, code: str) -> str:
        """The published name of a paper, without the marks of a list; the code of an unpublished one."""
        found = next((one.name for one in self.procedure.components if one.code == code), None)
        return found.strip("-+;. \n") if found is not None else code


def short_name(fact: Mapping[str, Any]) -> str:
    """`dossier.accepted` of `onestop.dossier.accepted.v1`."""
    return str(fact["type"]).removeprefix("onestop.").rpartition(".v")[0]
