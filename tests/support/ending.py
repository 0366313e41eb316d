"""Builders of requests about originals, wrong results and the archive; every person here is synthetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.archive import ArchiveDossier
from schemas.original import ReturnOriginal, TakeOriginal
from schemas.result import CorrectedPaper, CorrectResult, ResultPaper
from tests.support.dossiers import OFFICER, ONE_STOP


def original(component: str, organisation: str = ONE_STOP, **changes: Any) -> TakeOriginal:
    """An office takes an original to compare it."""
    values: dict[str, Any] = {
        "component": component,
        "purpose": "compare",
        "organisation": organisation,
        "officer": OFFICER,
    }
    return TakeOriginal(**{**values, **changes})


def giving_back(*originals: str) -> ReturnOriginal:
    return ReturnOriginal(originals=originals, received_by="Nguyễn Thị Mẫu", officer=OFFICER)


def correction(codes: Iterable[str], kind: str = "replaced", **changes: Any) -> CorrectResult:
    """The agency corrects papers that it issued."""
    papers = tuple(_wrong(code, kind) for code in codes)
    values: dict[str, Any] = {"papers": papers, "fault": "agency", "reason": "Ghi sai", "signer": OFFICER}
    return CorrectResult(**{**values, **changes})


def _wrong(code: str, kind: str) -> CorrectedPaper:
    new = None if kind == "annulled" else ResultPaper(code=code, number="02/2026")
    values: dict[str, Any] = {"code": code, "number": "01/2026", "kind": kind, "new": new}
    return CorrectedPaper(**values)


def archiving(**changes: Any) -> ArchiveDossier:
    values: dict[str, Any] = {"place": "Kho 1", "retention": "years", "years": 20, "officer": OFFICER}
    return ArchiveDossier(**{**values, **changes})
