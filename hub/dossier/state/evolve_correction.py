"""What a correction of the result makes of a dossier (21.1)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hub.dossier.state.model import Dossier
from hub.dossier.state.timers import TimerStep
from schemas.result import ResultCorrected


def corrected(dossier: Dossier, fact: ResultCorrected, _step: TimerStep) -> dict[str, Any]:
    """New papers are at the agency; annulled ones are no result any more."""
    at = fact.corrected_at.astimezone(UTC)
    news = [paper.new for paper in fact.papers if paper.new is not None]
    annulled = tuple(paper.code for paper in fact.papers if paper.new is None)
    on_paper = {new.code: dossier.agency for new in news if new.mode == "paper_and_electronic"}
    changes: dict[str, Any] = {
        "corrections": {**dossier.corrections, **{paper.code: at for paper in fact.papers}},
        "custody": {**dossier.custody, **on_paper},
        "result_papers": tuple(code for code in dossier.result_papers if code not in annulled),
        "results_left_out": tuple(dict.fromkeys((*dossier.results_left_out, *annulled))),
    }
    if dossier.status == "returned":
        again = (*dossier.to_return_again, *(new.code for new in news))
        changes["to_return_again"] = tuple(code for code in dict.fromkeys(again) if code not in annulled)
    return changes
