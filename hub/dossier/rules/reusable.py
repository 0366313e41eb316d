"""What a successful result makes reusable (Art. 17.10): announced with the result, kept as facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.dossier.decision import Context
from hub.dossier.rules.copies import outcome_of
from hub.dossier.rules.rule import rule
from hub.dossier.state.model import Dossier
from hub.dossier.verification import VerifiedCopy
from schemas.component import ComponentReusable
from schemas.result import CorrectResult, IssueResult, ResultPaper


@rule("17.10", "After a successful result its digitised papers with legal value are reusable")
def reusable_papers(
    dossier: Dossier, request: IssueResult, context: Context
) -> tuple[ComponentReusable, ...]:
    """The copies that the agency certified (17.1), then the signed papers of the result, in their order."""
    return (*_copies(dossier, context), *_results(dossier, request.papers, context))


@rule("17.10", "A corrected paper with legal value is reusable in place of the wrong one")
def corrected_papers(
    dossier: Dossier, request: CorrectResult, context: Context
) -> tuple[ComponentReusable, ...]:
    """The wrong one is not, from the correction on (21.1)."""
    news = [paper.new for paper in request.papers if paper.new is not None]
    return tuple(_results(dossier, news, context))


def _copies(dossier: Dossier, context: Context) -> Iterator[ComponentReusable]:
    for component, copy in dossier.digitised.items():
        if copy.is_certified:
            yield ComponentReusable(
                kind="copy",
                component=component,
                package=copy.package,
                manifest=copy.manifest,
                agency=dossier.agency,
                reusable_from=context.now,
            )


def _results(
    dossier: Dossier, papers: Iterable[ResultPaper], context: Context
) -> Iterator[ComponentReusable]:
    for paper in papers:
        if paper.package is None:
            continue
        outcome = outcome_of(paper.package, context)
        assert isinstance(outcome, VerifiedCopy)
        yield ComponentReusable(
            kind="result",
            component=paper.code,
            package=paper.package,
            manifest=outcome.manifest,
            agency=dossier.agency,
            reusable_from=context.now,
        )
