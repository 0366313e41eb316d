"""Components against the published list (Art. 14.3), for submission, acceptance and supplement alike."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.regulation.catalogue import Procedure
from hub.regulation.clock import local_day
from schemas.dossier import Components


def published(procedure: str, context: Context) -> Procedure | None:
    """The procedure as the catalogue has it in force on the day of receipt."""
    return context.law.catalogue.in_force(procedure, local_day(context.now))


def known(procedure: str, context: Context) -> Procedure | None:
    """The procedure as published, also when it is no longer in force: dossiers taken in before go on."""
    return context.law.catalogue.find(procedure)


def components_are_published(procedure: str, components: Components, context: Context) -> Refused | None:
    """Each component is on the procedure's list, once, in numbers not above the published ones."""
    entry = known(procedure, context)
    seen: set[str] = set()
    faults: list[str] = []
    for index, component in enumerate(components):
        most = entry.quantity(component.code) if entry else None
        if most is None or component.code in seen:
            faults.append(f"/components/{index}/code")
            continue
        seen.add(component.code)
        if component.originals > most[0]:
            faults.append(f"/components/{index}/originals")
        if component.copies > most[1]:
            faults.append(f"/components/{index}/copies")
    return Refused("rule.14.3", rule="14.3", fields=tuple(faults)) if faults else None
