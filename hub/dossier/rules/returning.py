"""Return of the result (Art. 18): complete, and on the way that the applicant registered."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.making import maker
from hub.dossier.rules.announcing import early_return_is_announced
from hub.dossier.rules.custody import paper_is_in_a_hand, paper_is_not_lost
from hub.dossier.rules.mailbox import address_is_the_senders
from hub.dossier.rules.results import returned_is_as_published
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, is_one_stop
from hub.dossier.state.model import Dossier
from schemas.result import ResultReturned, ReturnResult


@rule("18.1", "A result is returned once, and what was corrected since is once more")
def something_is_to_return(dossier: Dossier, _request: ReturnResult, context: Context) -> Refused | None:
    """After the return only corrected papers are left (21.1)."""
    is_over = dossier.status == "returned" and not dossier.to_return_again
    return conflict(dossier, context) if is_over else None


@rule("18.1", "The returned result is complete")
def result_is_complete(dossier: Dossier, request: ReturnResult, _context: Context) -> Refused | None:
    """All papers that the agency issued, and none other; after a return only those that were corrected."""
    wanted = dossier.to_return_again if dossier.status == "returned" else dossier.result_papers
    if set(request.papers) != set(wanted):
        return Refused("rule.18.1", rule="18.1", fields=("/papers",))
    return None


@rule("18.3", "The result is returned at the one-stop or on the registered way")
def way_is_registered(dossier: Dossier, request: ReturnResult, context: Context) -> Refused | None:
    """The post returns by post and the portal online; the one-stop in person or as registered."""
    ways = {dossier.return_channel, "in_person"}
    if not is_one_stop(dossier, context.sender):
        own = {"post"} if "postal" in context.sender.roles else set()
        own |= {"online"} if "portal" in context.sender.roles else set()
        ways &= own
    if request.channel not in ways:
        return Refused("rule.18.3", rule="18.3", fields=("/channel",), possible=tuple(sorted(ways)))
    return None


_RETURN: tuple[Check[Dossier, ReturnResult], ...] = (
    something_is_to_return,
    result_is_complete,
    returned_is_as_published,
    way_is_registered,
    address_is_the_senders,
    paper_is_in_a_hand,
    paper_is_not_lost,
)


_returned = maker(ResultReturned)


def return_result(dossier: Dossier, request: ReturnResult, context: Context) -> Decision:
    """The applicant has the whole result; the dossier is finished."""
    if (refused := first_refusal(_RETURN, dossier, request, context)) is not None:
        return refused
    late = early_return_is_announced(dossier, request, context)
    if isinstance(late, Refused):
        return late
    fact = _returned(
        channel=request.channel,
        papers=request.papers,
        received_by=request.received_by,
        address=request.address,
        returned_at=context.now,
    )
    return Accepted((fact, *late), (*ids_of(_RETURN), early_return_is_announced.id))
