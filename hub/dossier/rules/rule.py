"""A rule of the regulation: a small named function that carries its id, for the matrix rule, code, tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, ParamSpec, Protocol, TypeVar

from hub.dossier.decision import Context, Refused
from hub.dossier.state.matter import State
from schemas.base import Request

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Request)
D = TypeVar("D", bound=State | None)


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Generic[P, T]):
    """`id` names a place in the law (`hub.regulation.norms`), as `15.6.c2`."""

    id: str
    title: str
    function: Callable[P, T]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Apply the rule."""
        return self.function(*args, **kwargs)

    @property
    def place(self) -> str:
        """Module and function, as `hub.dossier.rules.intake.identity_is_matched`."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


class HasId(Protocol):
    """Anything that carries the id of a rule."""

    @property
    def id(self) -> str:
        """Article.clause.point."""
        ...


Check = Rule[[D, R, Context], Refused | None]
"""A rule that lets a request pass (None) or refuses it."""


def rule(rule_id: str, title: str) -> Callable[[Callable[P, T]], Rule[P, T]]:
    """Make a function a rule of the regulation; the title is one English sentence."""

    def decorate(function: Callable[P, T]) -> Rule[P, T]:
        return Rule(rule_id, title, function)

    return decorate


def first_refusal(checks: Iterable[Check[D, R]], dossier: D, request: R, context: Context) -> Refused | None:
    """Apply checks in order and stop at the first that says no."""
    for check in checks:
        if (refused := check.function(dossier, request, context)) is not None:
            return refused
    return None


def ids_of(rules: Iterable[HasId]) -> tuple[str, ...]:
    """Ids in order, each once."""
    return _ids_of(tuple(rules))


@lru_cache(maxsize=1024)  # the same few tuples with each request
def _ids_of(rules: tuple[HasId, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.id for item in rules))
