"""What counterparts took of what the hub sent them: recorded as evidence."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.state.model import Dossier
from schemas.sync import ReportSync, SyncRecorded


def record(_dossier: Dossier, request: ReportSync, context: Context) -> Decision:
    """Always recorded: the counterpart is whoever sent the report."""
    fact = SyncRecorded(
        counterpart=context.sender.name,
        message=request.message,
        outcome=request.outcome,
        at=request.at,
        code=request.code,
        reason_vi=request.reason_vi,
        reason_en=request.reason_en,
    )
    return Accepted((fact,))
