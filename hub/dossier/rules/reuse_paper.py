"""Papers of another dossier (Art. 17.10): held against what the hub itself stores about that dossier."""

from __future__ import annotations

import re

from hub.dossier.decision import Context, Refused
from hub.dossier.errors import ContextError
from hub.dossier.rules.copies import outcome_of, wire_files
from hub.dossier.rules.rule import Check, rule
from hub.dossier.source import SourceDossier
from hub.dossier.state.model import Dossier, Status
from hub.dossier.verification import UnverifiedCopy, VerifiedCopy
from hub.regulation.clock import local_day
from schemas.component import ComponentReusable, PaperSource, ReuseComponent, ReusedPaper
from schemas.party import Party

_FINISHED: frozenset[Status] = frozenset({"result_issued", "returned"})
_NUMBERS = ("identity_number", "old_identity_number", "travel_document", "tax_code", "organisation")
_PROCEDURE = re.compile(r"(?<![0-9.])[0-9]\.[0-9]{6}(?![0-9])")
"""The national part of a procedure code, wherever it stands in the words of a scope."""
_NATIONAL = len("1.004873")
_NO_SUCH_PAPER = Refused("rule.17.10.paper", rule="17.10", fields=("/paper",))
"""The one answer, until the digest of a paper is named that the applicant's own dossier announced.

A tax code is public and a match of numbers proves no right: whoever lodges under them would learn from
different answers which codes are dossiers of that applicant, and how they stand.
"""


@rule("17.10", "Only an applicant who is identified takes papers over")
def applicant_is_identified(dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """Who lodges under another's number gets no paper by it; some are checked by hand (15.6.a).

    A citizen's paper that an officer saw is not enough: the database has to know the number for it.
    """
    if request.paper is None or dossier.owner.outcome == "matched":
        return None
    is_seen = "owner" in dossier.papers_checked or context.law.profile.intake.hand_check == "assumed"
    if dossier.is_owner_checked_by_hand and is_seen:
        return None
    return Refused("rule.17.10.identity", rule="17.10", fields=("/paper",))


@rule("17.10", "A paper is reusable in the procedures of the applicant whose dossier it was in")
def source_is_the_applicants(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """Both submissions, opened from their sealed facts, name the same person or organisation.

    Of an erased one nobody can tell whose it was.
    """
    if request.paper is None:
        return None
    if context.applicant is None:
        raise ContextError("a reuse needs the applicant")
    source = context.sources.get(request.paper.dossier)
    if source is not None and source.applicant is not None and is_same(source.applicant, context.applicant):
        return None
    return _NO_SUCH_PAPER


def is_same(one: Party, other: Party) -> bool:
    """Whether two submissions name the same applicant: the first kind of number that both have decides.

    Travel documents of two states may have the same number, so the names have to agree too.
    """
    if one.kind != other.kind:
        return False
    for name in _NUMBERS:
        numbers = (getattr(one, name), getattr(other, name))
        if None not in numbers:
            has_name = name != "travel_document" or one.name.casefold() == other.name.casefold()
            return numbers[0] == numbers[1] and has_name
    return False


@rule("17.10", "Papers of a dossier are reusable only after its successful result")
def source_was_successful(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """Not out of a declined, withdrawn or open dossier, and so not out of this one."""
    if request.paper is None or _source(request.paper, context).status in _FINISHED:
        return None
    return _NO_SUCH_PAPER


@rule("17.10", "The other dossier has this very paper, digitised and with legal value")
def paper_is_of_the_source(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """A certified copy or a signed paper of the result, by the digest of its package; and it still holds."""
    if request.paper is None:
        return None
    if _found(request.paper, context) is None:
        return _NO_SUCH_PAPER
    outcome = outcome_of(request.paper.package, context)
    if isinstance(outcome, UnverifiedCopy):
        return Refused(outcome.code, rule="17.10", fields=("/paper/package",))
    return None


@rule("17.10", "A reused paper is valid on the day of reuse")
def paper_is_valid(_dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """As its signed manifest says (17.1); the last day counts."""
    if request.paper is None:
        return None
    until = _signed(request.paper, context).valid_until
    if until is None or local_day(context.now) <= until:
        return None
    return Refused("rule.17.10.expired", rule="17.10", fields=("/paper/package",))


@rule("17.10", "A reused paper is used within its scope")
def paper_is_in_scope(dossier: Dossier, request: ReuseComponent, context: Context) -> Refused | None:
    """A scope that names procedures by code serves only those; other words are for the officer to read."""
    if request.paper is None:
        return None
    named = _PROCEDURE.findall(_signed(request.paper, context).scope or "")
    if not named or dossier.procedure[:_NATIONAL] in named:
        return None
    return Refused("rule.17.10.scope", rule="17.10", fields=("/paper/package",))


PAPER: tuple[Check[Dossier, ReuseComponent], ...] = (
    applicant_is_identified,
    source_is_the_applicants,
    source_was_successful,
    paper_is_of_the_source,
    paper_is_valid,
    paper_is_in_scope,
)
"""In this order: what distinguishes papers is told only of one that was named by its digest."""


def reused_paper(named: PaperSource, context: Context) -> ReusedPaper:
    """What goes on record of a paper that has passed `PAPER`."""
    found, signed = _found(named, context), _signed(named, context)
    assert found is not None
    return ReusedPaper(
        dossier=named.dossier,
        package=named.package,
        kind=found.kind,
        component=found.component,
        manifest=found.manifest,
        valid_until=signed.valid_until,
        files=wire_files(signed),
    )


def _source(named: PaperSource, context: Context) -> SourceDossier:
    return context.sources[named.dossier]


def _found(named: PaperSource, context: Context) -> ComponentReusable | None:
    papers = _source(named, context).papers
    return next((paper for paper in papers if paper.package == named.package), None)


def _signed(named: PaperSource, context: Context) -> VerifiedCopy:
    outcome = outcome_of(named.package, context)
    assert isinstance(outcome, VerifiedCopy)
    return outcome
