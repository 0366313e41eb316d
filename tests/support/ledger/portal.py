"""Ledger: the national portal's journal beside the facts it had to learn of: none twice, none missing (pure).

The codes are written out here once more, so that a wrong table of the adapter shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.ledger.verdict import Class, Finding

_REGISTERED, _ACCEPTED, _IN_PROCESS, _SUPPLEMENT, _PAYMENT = "1", "2", "4", "5", "6"
_STATUS = {
    "onestop.dossier.submitted.v1": _REGISTERED,
    "onestop.dossier.accepted.v1": _ACCEPTED,
    "onestop.dossier.forwarded.v1": _IN_PROCESS,
    "onestop.case.assigned.v1": _IN_PROCESS,
    "onestop.dossier.supplement_requested.v1": _SUPPLEMENT,
    "onestop.dossier.withdrawn.v1": "7",
    "onestop.result.issued.v1": "9",
    "onestop.result.returned.v1": "10",
}
_COPY = "onestop.copy.registered.v1"
"""Changes the dossier and has no line."""
_KNOWN = frozenset(
    {
        *_STATUS, _COPY, "onestop.dossier.supplemented.v1", "onestop.dossier.declined.v1",
        "onestop.case.progressed.v1", "onestop.apology.sent.v1", "onestop.due.rescheduled.v1",
        "onestop.limit.moved.v1", "onestop.payment.requested.v1", "onestop.payment.recorded.v1",
    }
)  # fmt: skip
"""What the portal has to learn; who lodged a dossier is sent more than that."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that was sent to the portal; `time` is 14 digits, `lodged_as` the portal's own code."""

    dossier: str
    sequence: int
    type: str
    time: str
    data: Mapping[str, Any]
    lodged_as: str | None = None
    is_unknown: bool = False
    """Its delivery was reported as unknown: its line may be there or not."""


@dataclass(slots=True)
class _Dossier:
    code: str | None = None
    status: str = ""
    before_supplement: str = ""
    open_bills: set[str] = field(default_factory=set)

    def learn(self, fact: Told) -> str:
        """The portal's code after the fact."""
        data = fact.data
        match fact.type:
            case "onestop.dossier.submitted.v1":
                self.code = fact.lodged_as
            case "onestop.dossier.accepted.v1":
                self.code = self.code or data["code"]
            case "onestop.dossier.supplement_requested.v1":
                self.before_supplement = self.status
            case "onestop.dossier.supplemented.v1":
                self.status = self.before_supplement or self.status
            case "onestop.dossier.declined.v1":
                self.status = "3" if data["mode"] == "refuse_intake" else "9"
            case "onestop.payment.requested.v1":
                self.open_bills.add(data["payment"])
            case "onestop.payment.recorded.v1":
                (self.open_bills.discard if data["status"] == "paid" else self.open_bills.add)(
                    data["payment"]
                )
        self.status = _STATUS.get(fact.type, self.status)
        is_held = bool(self.open_bills) and self.status in {_REGISTERED, _ACCEPTED, _IN_PROCESS}
        return _PAYMENT if is_held else self.status


@dataclass(slots=True)
class _Book:
    """What must be there, and what the portal says that is there, of one code."""

    wanted: list[tuple[str, str]] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    brought: int = 0
    shown: str = ""


def check_portal(told: Iterable[Told], journal: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Each dossier once and with the code of its last fact, each fact's line once and in order."""
    books: defaultdict[str, _Book] = defaultdict(_Book)
    _expect(told, books)
    _read(journal, books)
    for code, book in sorted(books.items()):
        yield from _compare(code, book)


def portal_counts(journal: Iterable[Mapping[str, Any]], told: Iterable[Told]) -> dict[str, int]:
    """Dossiers and lines at the portal, and the lines of which nobody knows whether they arrived."""
    lines = list(journal)
    return {
        "portal_dossiers": len({line["code"] for line in lines if line["kind"] == "dossier"}),
        "portal_lines": sum(line["kind"] == "progress" for line in lines),
        "portal_lines_of_unknown_result": sum(fact.is_unknown for fact in told),
    }


def _expect(told: Iterable[Told], books: defaultdict[str, _Book]) -> None:
    dossiers: defaultdict[str, _Dossier] = defaultdict(_Dossier)
    for fact in sorted(told, key=lambda fact: (fact.dossier, fact.sequence)):
        if fact.type not in _KNOWN:
            continue
        dossier = dossiers[fact.dossier]
        status = dossier.learn(fact)
        if dossier.code is None:
            continue
        book = books[dossier.code]
        book.last = status
        if fact.type != _COPY:
            book.wanted.append((fact.time, status))
            book.unknown[(fact.time, status)] += fact.is_unknown


def _read(journal: Iterable[Mapping[str, Any]], books: defaultdict[str, _Book]) -> None:
    for entry in journal:
        book = books[entry["code"]]
        match entry["kind"]:
            case "dossier":
                book.brought += entry["action"] != "update"
                book.shown = entry["item"]["TrangThaiHoSo"]
            case "forgotten":
                book.brought -= 1
            case "progress":
                book.lines.append((entry["item"]["ThoiDiemXuLy"], entry["item"]["TrangThai"]))


def _compare(code: str, book: _Book) -> Iterator[Finding]:
    if not book.wanted:
        yield Finding("phantom", f"portal: {code}, which the hub does not know")
        return
    if book.brought != 1:
        yield Finding(
            "duplicated" if book.brought > 1 else "lost", f"portal: {code} was brought {book.brought} times"
        )
    elif book.shown != book.last:
        yield Finding("altered", f"portal: {code} is shown as {book.shown}, not {book.last}")
    there, wanted = Counter(book.lines), Counter(book.wanted)
    for line in sorted(there | wanted):
        time, status = line
        words = f"portal: {code}, line of {time} with code {status}"
        if there[line] > wanted[line]:
            kind: Class = "duplicated" if wanted[line] else "phantom"
            yield Finding(kind, f"{words}: {there[line]}, not {wanted[line]}")
        elif there[line] < wanted[line] - book.unknown[line]:
            yield Finding("lost", f"{words}: {there[line]}, not {wanted[line]}")
    remaining = iter(book.wanted)
    if not there - wanted and not all(line in remaining for line in book.lines):
        yield Finding("misordered", f"portal: lines of {code}: {book.lines}, not {book.wanted}")
