"""The applicant's account (Art. 15.6.a): who had none has one now, and it is the principal's own."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import Dossier
from schemas.account import AccountCreated, RecordAccount


@rule("15.6.a2", "An account is made once on each system")
def account_is_new(dossier: Dossier, request: RecordAccount, context: Context) -> Refused | None:
    """Who has an account needs no other."""
    if request.system in dossier.accounts:
        return conflict(dossier, context, "state.account_recorded", "15.6.a2")
    return None


@rule("15.6.a2", "The one-stop's officer makes the account or shows how")
def account_has_its_officer(_dossier: Dossier, request: RecordAccount, context: Context) -> Refused | None:
    """The portal names none where the applicant made it alone."""
    is_needed = request.made_by == "officer" or "counter" in context.sender.roles
    if is_needed and request.officer is None:
        return Refused("rule.15.6.a2", rule="15.6.a2", fields=("/officer",))
    return None


@rule("15.6.a3", "The account is that of the applicant, also where a proxy lodges")
def account_is_the_principals(_dossier: Dossier, request: RecordAccount, context: Context) -> Refused | None:
    """Under the very number of the submission: who authorises owns the account, not who was authorised."""
    if context.applicant is None:
        raise ContextError("an account needs the applicant")
    for name, number in request.holder:
        if number is not None and number != getattr(context.applicant, name):
            return Refused("rule.15.6.a3", rule="15.6.a3", fields=(f"/holder/{name}",))
    return None


_RECORD: tuple[Check[Dossier, RecordAccount], ...] = (
    account_is_new,
    account_has_its_officer,
    account_is_the_principals,
)


def record(dossier: Dossier, request: RecordAccount, context: Context) -> Decision:
    """The account is on record."""
    if (refused := first_refusal(_RECORD, dossier, request, context)) is not None:
        return refused
    fact = AccountCreated(
        system=request.system,
        account=request.account,
        holder=request.holder,
        made_by=request.made_by,
        officer=request.officer,
        recorded_at=context.now,
    )
    return Accepted((fact,), ids_of(_RECORD))
