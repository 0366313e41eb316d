"""The papers of a result (Art. 17.10, 18.1): those that are published, on paper unless none is given."""

from __future__ import annotations

from collections.abc import Iterable

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.rule import Check, rule
from hub.dossier.state.model import Dossier
from schemas.result import IssueResult, ResultPaper, ReturnResult


def listed(dossier: Dossier, context: Context) -> tuple[str, ...]:
    """Codes of the results of the procedure; none where the record names none or the profile does not ask."""
    entry = known(dossier.procedure, context)
    if entry is None or context.law.profile.returning.result_papers == "any":
        return ()
    return entry.result_codes


@rule("18.1", "A result is one of those that are published for the procedure")
def papers_are_listed(dossier: Dossier, request: IssueResult, context: Context) -> Refused | None:
    """Neither a paper of another procedure nor one that nobody published."""
    codes = listed(dossier, context)
    if not codes:
        return None
    faults = _unlisted([paper.code for paper in request.papers], codes, "papers")
    faults += _unlisted([paper.code for paper in request.left_out], codes, "left_out")
    if not faults:
        return None
    return Refused("rule.18.1.unlisted", rule="18.1", fields=faults, possible=codes)


def _unlisted(named: Iterable[str], codes: Iterable[str], where: str) -> tuple[str, ...]:
    return tuple([f"/{where}/{index}/code" for index, code in enumerate(named) if code not in codes])


@rule("18.1", "Of each published result that is not given the agency says why")
def result_is_whole(dossier: Dossier, request: IssueResult, context: Context) -> Refused | None:
    """The record does not say which of several results apply; blank words are no reason."""
    blank = tuple(
        [f"/left_out/{index}/reason" for index, one in enumerate(request.left_out) if not one.reason.strip()]
    )
    given, left = {paper.code for paper in request.papers}, {paper.code for paper in request.left_out}
    codes = listed(dossier, context)
    missing = tuple([code for code in codes if code not in given and code not in left])
    if blank:
        return Refused("rule.18.1.left_out", rule="18.1", fields=blank)
    if missing or given & left:
        return Refused("rule.18.1.left_out", rule="18.1", fields=("/left_out",), possible=missing)
    return None


def lacks_paper(paper: ResultPaper, dossier: Dossier, context: Context) -> bool:
    """Given electronically only, which neither the applicant asked for nor the procedure says (17.10)."""
    if paper.mode != "electronic" or context.law.profile.returning.electronic_only == "free":
        return False
    entry = known(dossier.procedure, context)
    return not dossier.is_electronic_only and (entry is None or paper.code not in entry.electronic_results)


@rule("17.10", "The result is on paper too, unless the applicant asked for none or the procedure gives none")
def paper_is_given(dossier: Dossier, request: IssueResult, context: Context) -> Refused | None:
    """No flag of the agency takes the paper away from the applicant."""
    faults = tuple(
        [
            f"/papers/{index}/mode"
            for index, paper in enumerate(request.papers)
            if lacks_paper(paper, dossier, context)
        ]
    )
    return Refused("rule.17.10.mode", rule="17.10", fields=faults) if faults else None


ISSUED: tuple[Check[Dossier, IssueResult], ...] = (papers_are_listed, result_is_whole, paper_is_given)


@rule("18.1", "The returned papers are those that are published, but for those that the agency left out")
def returned_is_as_published(dossier: Dossier, request: ReturnResult, context: Context) -> Refused | None:
    """Not only what the agency says that it issued."""
    codes = listed(dossier, context)
    if not codes or dossier.status == "returned":
        return None
    wanted = set(codes) - set(dossier.results_left_out)
    if set(request.papers) == wanted:
        return None
    return Refused("rule.18.1.published", rule="18.1", fields=("/papers",), possible=tuple(sorted(wanted)))
