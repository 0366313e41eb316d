"""Names in place of codes: organisations as imported, procedures and papers as published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from hub.dossier.state.model import APPLICANT, POST
from hub.explaining.words import CaseWords
from hub.regulation.catalogue import Procedure
from hub.regulation.clock import in_viet_nam
from hub.regulation.organisations import Organisations


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called on a day, in one language; a code without a name stands for itself."""

    words: CaseWords
    organisations: Organisations
    procedure: Procedure | None
    day: date

    def organisation(self, code: str) -> str:
        """Its name of the day with its code; post and applicant by their word."""
        if code in {POST, APPLICANT}:
            return self.words.of("sides", code)
        known = self.organisations.on(code, self.day)
        if known is None:
            return code
        is_english = self.words.language == "en" and known.name_en is not None
        return f"{known.name_en if is_english else known.name_vi} ({code})"

    def paper(self, code: str) -> str:
        """The published name of a component or result, with its code."""
        if self.procedure is None:
            return code
        known = {one.code: one.name for one in self.procedure.components}
        name = known.get(code) or {one.code: one.name for one in self.procedure.results}.get(code)
        return f"{_short(name)} ({code})" if name else code


_MOST = 60


def _short(name: str) -> str:
    """The first words of a name that runs over lines."""
    line = " ".join(name.split()).lstrip("-+* ")
    return line if len(line) <= _MOST else f"{line[:_MOST].rsplit(' ', 1)[0]}…"


def moment(at: datetime) -> str:
    """`08:20 05/01/2026`, in Viet Nam."""
    return f"{in_viet_nam(at):%H:%M %d/%m/%Y}"


def day(of: date) -> str:
    """`05/01/2026`."""
    return f"{of:%d/%m/%Y}"
