"""What has to be digitised (Art. 15.6.c): by list and profile, and never less than was marked before."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from hub.regulation.catalogue import Procedure
from hub.regulation.profile import Profile
from schemas.dossier import AcceptDossier, Component, Components


@rule("15.6.c1", "Results of procedures, and what the list in force has digitised, get a signed copy")
def is_due(
    procedure: Procedure | None, component: str, *, is_paper: bool, is_marked: bool, is_all: bool
) -> bool:
    """A paper that the list has digitised; a mark of the sender may add one, unless the list leaves it out.

    What came electronically is there already. `is_all`: every paper, whatever the list says (15.1).
    """
    listed = procedure.is_digitised(component) if procedure is not None else None
    if is_paper and (listed or is_all):
        return True
    return is_marked and listed is not False


@rule("15.6.c1", "What was lodged on paper is taken as paper, unless it was reused")
def paper_stays_paper(dossier: Dossier, request: AcceptDossier, _context: Context) -> Refused | None:
    """Else an officer who calls it electronic, or counts no sheet of it, would need no signed copy."""
    on_paper = set(dossier.paper_codes) - set(dossier.reused)
    faults = tuple(
        [
            f"/components/{index}/{'electronic' if item.electronic else 'originals'}"
            for index, item in enumerate(request.components)
            if (item.electronic or item.originals + item.copies == 0) and item.code in on_paper
        ]
    )
    return Refused("rule.15.6.c1.paper", rule="15.6.c1", fields=faults) if faults else None


def _takes_all(profile: Profile) -> bool:
    return profile.intake.scan_scope == "all"


def with_duties(
    dossier: Dossier, components: Components, procedure: Procedure, profile: Profile
) -> Components:
    """The components of an acceptance with the duty as it is: an earlier mark stays, the list's is added."""
    marked = {item.code for item in dossier.components if item.is_digitised}
    is_all = _takes_all(profile)
    return tuple([_with_duty(item, item.code in marked, procedure, is_all) for item in components])


def _with_duty(item: Component, is_marked: bool, procedure: Procedure, is_all: bool) -> Component:
    is_paper = not item.electronic and item.originals + item.copies > 0
    due = is_due.function(
        procedure, item.code, is_paper=is_paper, is_marked=is_marked or item.digitised, is_all=is_all
    )
    return item if due == item.digitised else item.model_copy(update={"digitised": due})


def required(dossier: Dossier, context: Context) -> tuple[str, ...]:
    """Components that need a signed copy before the transfer; what was reused is data."""
    procedure = known(dossier.procedure, context)
    is_all, due = _takes_all(context.law.profile), is_due.function
    return tuple(
        [
            item.code
            for item in dossier.components
            if item.code not in dossier.reused
            and due(procedure, item.code, is_paper=item.is_paper, is_marked=item.is_digitised, is_all=is_all)
        ]
    )
