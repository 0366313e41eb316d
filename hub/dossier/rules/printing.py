"""Papers that were made of the dossier's facts (Art. 12.1): recorded with their digests."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.state.model import Dossier
from schemas.form import FormMade, ReportForm


def record(_dossier: Dossier, request: ReportForm, _context: Context) -> Decision:
    """Always recorded: the fact that the paper is of stands in the dossier already."""
    fact = FormMade(fact=request.fact, issued_at=request.issued_at, to=request.to, papers=request.papers)
    return Accepted((fact,))
