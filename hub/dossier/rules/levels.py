"""Beyond the own level: another agency's own one-stop (16.3), and one that watches an upper agency (17.7)."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.rule import Check, rule
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from hub.regulation.organisations import ONE_STOPS, Level
from schemas.dossier import DossierWatched, ForwardDossier

_HEIGHTS: tuple[Level, ...] = ("commune", "district", "province")


@rule("16.3", "What belongs to another agency goes to it, or to that agency's own one-stop")
def one_stop_is_another(dossier: Dossier, request: ForwardDossier, _context: Context) -> Refused | None:
    """Named beside the target; not the one that sends."""
    if request.one_stop not in {dossier.organisation, dossier.agency}:
        return None
    return Refused("rule.16.3.same", rule="16.3", fields=("/one_stop",))


@rule("16.3", "The one-stop of an agency is a one-stop, and of that agency's level")
def one_stop_is_of_the_agency(dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """By the imported register."""
    if request.one_stop is None or not context.registers.organisations:
        return None
    known, day = context.registers.organisations, local_day(context.now)
    named, agency = known.on(request.one_stop, day), known.on(dossier.agency, day)
    if named is None:
        code = "organisation.ended" if known.is_known(request.one_stop) else "organisation.unknown"
        followers = known.followers(request.one_stop, day)
        return Refused(code, rule="16.3", fields=("/one_stop",), possible=followers)
    if named.kind in ONE_STOPS and (agency is None or agency.level == named.level):
        return None
    return Refused("rule.16.3.level", rule="16.3", fields=("/one_stop",))


@rule("17.7.a", "The one-stop of an upper agency is told of a dossier, to watch it")
def watcher_is_named(dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """Where the register has several of the upper level, the officer says which."""
    if request.one_stop is not None or context.law.profile.interlinked.upper_one_stop == "if_named":
        return None
    found = _upper_one_stops(dossier, context)
    if len(found) < 2:
        return None
    return Refused("rule.17.7.a", rule="17.7.a", fields=("/one_stop",), possible=found)


def _upper_one_stops(dossier: Dossier, context: Context) -> tuple[str, ...]:
    """Those of the level of the agency, where that is above the own one, by the register."""
    known = context.registers.organisations
    if not known or dossier.agency == dossier.organisation:
        return ()
    day = local_day(context.now)
    own, agency = known.on(dossier.organisation, day), known.on(dossier.agency, day)
    if own is None or agency is None or _HEIGHTS.index(agency.level) <= _HEIGHTS.index(own.level):
        return ()
    return tuple(
        one.code
        for one in known.records
        if one.kind in ONE_STOPS and one.level == agency.level and one.is_there(day) and one.covers(agency)
    )


def watched(dossier: Dossier, request: ForwardDossier, context: Context) -> tuple[DossierWatched, ...]:
    """The one that is named, or the only one of the register; none where the dossier itself goes to it."""
    found = (request.one_stop,) if request.one_stop is not None else _upper_one_stops(dossier, context)
    if not found or found[0] == request.to:
        return ()
    assert dossier.code is not None
    assert dossier.due_at is not None
    return (
        DossierWatched(
            watched_by=found[0],
            organisation=dossier.organisation,
            agency=dossier.agency,
            code=dossier.code,
            procedure=dossier.procedure,
            due_at=dossier.due_at,
        ),
    )


FORWARDED: tuple[Check[Dossier, ForwardDossier], ...] = (
    one_stop_is_another,
    one_stop_is_of_the_agency,
    watcher_is_named,
)
"""What a transfer is held against beside its target."""
