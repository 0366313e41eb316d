"""What the regulation as data raises: a file that is wrong, a question that its tables do not reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from hub.errors import BeyondLawError, StartupError, UntrustedRowError


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong where; `line` 0 when it is about the file as a whole."""

    line: int
    field: str
    why: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        return ": ".join((*place, *([self.field] if self.field else []), self.why))


class ProfileError(StartupError):
    """A data file of the regulation is missing or wrong; `mistakes` of `what`, where they have places."""

    code = "regulation.data"

    def __init__(self, why: str, mistakes: Iterable[Mistake] = (), what: str = "") -> None:
        super().__init__(why)
        self.mistakes = tuple(mistakes)
        self.what = what

    @classmethod
    def of(cls, what: str, mistakes: Iterable[Mistake]) -> Self:
        """All that is wrong with a file that is called so."""
        found = tuple(mistakes)
        return cls(f"{what}: {'; '.join(map(str, found))}", found, what)


class MeaningError(ValueError):
    """What a file says is wrong by its meaning; `where` are the keys and numbers that lead there."""

    def __init__(self, where: Iterable[str | int], why: str) -> None:
        super().__init__(why)
        self.where = tuple(where)
        self.why = why

    def below(self, *where: str | int) -> MeaningError:
        """The same, seen from further up."""
        return MeaningError((*where, *self.where), self.why)


class CalendarYearError(BeyondLawError):
    """A date lies outside the years whose days off are known; nothing is guessed."""

    code = "calendar.year"


class UnknownCalendarError(BeyondLawError):
    """An order names a calendar that this program does not have: its dossier goes on under its own."""

    code = "calendar.unknown"


class UnknownProvisionError(ValueError):
    """A rule id that names no article, clause or point of a norm."""


class CodeError(BeyondLawError):
    """A code that the profile does not allow to be issued."""

    code = "codes.not_allowed"


class UnknownLawError(UntrustedRowError):
    """A dossier stands under a version of the law that this program does not have: a newer one brought it."""

    def __init__(self, version: str) -> None:
        super().__init__("a state", f"this program does not have version {version} of the law")


class RegisterError(StartupError):
    """A file that is not taken, as a whole; `mistakes` are all that were found in it."""

    code = "regulation.register"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda one: one.line))
        super().__init__("\n".join(map(str, self.mistakes)))
