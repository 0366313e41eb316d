"""Archive (Art. 18.5): a dossier that is over, with nothing open, is stored at the agency."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.duties import PAPERS_BACK
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, is_agency
from hub.dossier.state.model import Dossier
from schemas.archive import ArchiveDossier, DossierArchived


@rule("18.5", "The agency stores the dossier, once")
def agency_archives(dossier: Dossier, _request: ArchiveDossier, context: Context) -> Refused | None:
    """Not the one-stop, and not twice."""
    if not is_agency(dossier, context.sender):
        return foreign_organisation()
    return conflict(dossier, context, "rule.18.5.archived", "18.5") if dossier.archived_at else None


@rule("18.5", "Nothing is open in a dossier that is archived")
def nothing_is_open(dossier: Dossier, _request: ArchiveDossier, _context: Context) -> Refused | None:
    """Hand-overs, losses, originals, parcels, corrected papers and papers that go back end first."""
    named = {
        "hand_overs": bool(dossier.hand_overs),
        "losses": bool(dossier.papers_of_open_losses),
        "originals": bool(dossier.open_originals),
        "pickups": any(pickup.is_open for pickup in dossier.pickups.values()),
        "results": bool(dossier.to_return_again),
        "papers": PAPERS_BACK in dossier.timers,
    }
    left = tuple(name for name, is_open in named.items() if is_open)
    return Refused("rule.18.5.open", rule="18.5", possible=left) if left else None


_ARCHIVE: tuple[Check[Dossier, ArchiveDossier], ...] = (agency_archives, nothing_is_open)


def archive(dossier: Dossier, request: ArchiveDossier, context: Context) -> Decision:
    """Where it is stored, and for how long."""
    if (refused := first_refusal(_ARCHIVE, dossier, request, context)) is not None:
        return refused
    fact = DossierArchived(
        place=request.place,
        retention=request.retention,
        years=request.years,
        officer=request.officer,
        agency=dossier.agency,
        archived_at=context.now,
    )
    return Accepted((fact,), ids_of(_ARCHIVE))
