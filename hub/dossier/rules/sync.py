"""What counterparts took of what the hub sent them: on record, and what the portal lacks is marked (15.3)."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from schemas.due import RuleViolated
from schemas.sync import ReportSync, SyncRecorded


@rule(
    "15.3", "With the code the state is looked up on the national portal too: what it did not take is marked"
)
def portal_knows(dossier: Dossier, request: ReportSync, context: Context) -> tuple[RuleViolated, ...]:
    """Of a dossier that has its code; the provincial look-up reads the dossier itself."""
    is_taken = request.outcome == "delivered" or dossier.code is None
    if is_taken or context.law.profile.intake.unsynced == "ignore":
        return ()
    return (RuleViolated(rule="15.3", late_s=0),)


def record(dossier: Dossier, request: ReportSync, context: Context) -> Decision:
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
    if "portal" not in context.sender.roles:
        return Accepted((fact,))
    return Accepted((fact, *portal_knows(dossier, request, context)), (portal_knows.id,))
