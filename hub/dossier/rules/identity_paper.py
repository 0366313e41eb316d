"""The check by hand (Art. 15.6.a, 15.6.b): an officer sees the paper of who lodges, and that is on record."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.making import maker
from hub.dossier.parties import numbers_of
from hub.dossier.rules.identity import party_exists
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict
from hub.dossier.state.model import Dossier
from schemas.dossier import IdentityKnown
from schemas.identity import CheckIdentity, IdentityChecked


@rule("15.6.a", "The paper that the officer saw has the number of the applicant, or of the proxy")
def paper_is_the_partys(_dossier: Dossier, request: CheckIdentity, context: Context) -> Refused | None:
    """Number, passport or code of the organisation; of some organisations the submission names none."""
    if context.applicant is None:
        raise ContextError("a check needs the applicant")
    party = context.applicant if request.party == "owner" else context.proxy
    numbers = numbers_of(party) if party is not None else frozenset()
    if not numbers or request.number.replace("-", "") in numbers:
        return None
    return Refused("identity.paper_differs", rule="15.6.a", fields=("/number",))


@rule("15.6.a", "A paper is checked once for each party")
def paper_is_unchecked(dossier: Dossier, request: CheckIdentity, context: Context) -> Refused | None:
    """The first check stays on record."""
    if request.party in dossier.papers_checked:
        return conflict(dossier, context, "state.paper_checked", "15.6.a")
    return None


_CHECK: tuple[Check[Dossier, CheckIdentity], ...] = (party_exists, paper_is_unchecked, paper_is_the_partys)


def check(dossier: Dossier, request: CheckIdentity, context: Context) -> Decision:
    """Who saw which paper, and when."""
    if (refused := first_refusal(_CHECK, dossier, request, context)) is not None:
        return refused
    fact = IdentityChecked(
        party=request.party,
        paper=request.paper,
        number=request.number,
        officer=request.officer,
        checked_at=context.now,
    )
    return Accepted((fact,), ids_of(_CHECK))


_known = maker(IdentityKnown)


def known_of(dossier: Dossier) -> IdentityKnown:
    """What is on record of the applicant's identity when the dossier goes on."""
    return _known(outcome=dossier.owner.outcome, paper_checked="owner" in dossier.papers_checked)
