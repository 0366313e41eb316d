"""The whole dossier (Art. 14.3): each published paper is there, not needed, or confirmed by an officer."""

from __future__ import annotations

from collections.abc import Collection

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from hub.regulation.catalogue import Procedure
from schemas.dossier import AcceptDossier, Component, Components


@rule("14.3", "A paper that has to be there is there; where the list does not say it, an officer confirms")
def dossier_is_whole(dossier: Dossier, request: AcceptDossier, context: Context) -> Refused | None:
    """What was reused is there (15.5, 15.6.b). Of papers with one word (`one_of`) one is enough.

    The national record groups papers by case in free text and marks none as required, so no program can tell
    which of them apply: the officer names those that this dossier does not need, and that is on record.
    """
    procedure = known(dossier.procedure, context)
    assert procedure is not None
    present = {item.code for item in request.components} | set(dossier.reused)
    missing, unsaid = _missing(procedure, present, dossier, request)
    if missing:
        absent = tuple(sorted(missing))
        return Refused("rule.14.3.missing", rule="14.3", fields=("/components",), possible=absent)
    if not unsaid.issuperset(request.not_needed):
        faults = [
            f"/not_needed/{index}" for index, code in enumerate(request.not_needed) if code not in unsaid
        ]
        return Refused("rule.14.3.not_needed", rule="14.3", fields=tuple(faults))
    left = sorted(unsaid.difference(request.not_needed))
    if left and context.law.profile.intake.missing_papers == "confirmed":
        return Refused("rule.14.3.unconfirmed", rule="14.3", fields=("/not_needed",), possible=tuple(left))
    return None


def _times(procedure: Procedure, dossier: Dossier, request: AcceptDossier) -> frozenset[str]:
    """Ids of the published times that this acceptance goes by; none where no paper asks for them."""
    if not procedure.has_papers_by_case:
        return frozenset()
    if request.case is not None:
        return frozenset({request.case})
    single = procedure.handling_time(dossier.channel)
    return frozenset(one.id for one in procedure.choices(dossier.channel) if one.time == single)


def _missing(
    procedure: Procedure, present: Collection[str], dossier: Dossier, request: AcceptDossier
) -> tuple[set[str], set[str]]:
    """Codes of absent papers: those that have to be there, and those of which nobody says it."""
    missing, unsaid = set[str](), set[str]()
    times = _times(procedure, dossier, request)
    groups = {one.one_of for one in procedure.components if one.one_of is not None and one.code in present}
    for paper in procedure.components:
        if paper.code in present or paper.need == "optional":
            continue
        if paper.cases and paper.cases.isdisjoint(times):
            continue
        if paper.one_of is not None:
            if paper.one_of not in groups:
                missing.add(paper.code)
        elif paper.need == "required":
            missing.add(paper.code)
        else:
            unsaid.add(paper.code)
    return missing, unsaid - missing


def with_reused(dossier: Dossier, components: Components) -> Components:
    """What the officer lists and what was reused: that stays in the dossier, on no paper."""
    if not dossier.reused:
        return components
    listed = {item.code for item in components}
    reused = (code for code in dossier.reused if code not in listed)
    return (*components, *(Component(code=code, originals=0, copies=0, electronic=True) for code in reused))
