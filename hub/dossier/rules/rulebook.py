"""All rules as data: the left side of the matrix rule, code, tests."""

from __future__ import annotations

from types import ModuleType

from hub.dossier import standing
from hub.dossier.rules import (
    account,
    announcing,
    answering,
    appraisal,
    archiving,
    completeness,
    copies,
    correction,
    custody,
    deadlines,
    declining,
    digitising,
    duties,
    feedback,
    handling,
    hours,
    identity,
    identity_paper,
    information,
    intake,
    interlinked,
    levels,
    loss,
    mailbox,
    opinions,
    organisations,
    originals,
    payment,
    post,
    postal_custody,
    queue,
    replanning,
    results,
    returning,
    reusable,
    reuse,
    reuse_paper,
    roster,
    settlement,
    submission,
    succession,
    supplement,
    sync,
    transfer,
    urging,
    verifying,
)
from hub.dossier.rules.rule import Rule
from hub.dossier.state import evolve_post

_CHAPTERS = (
    hours,
    submission,
    mailbox,
    organisations,
    roster,
    intake,
    sync,
    completeness,
    supplement,
    answering,
    declining,
    digitising,
    copies,
    transfer,
    levels,
    interlinked,
    succession,
    standing,
    handling,
    appraisal,
    verifying,
    opinions,
    urging,
    deadlines,
    replanning,
    results,
    returning,
    correction,
    custody,
    loss,
    originals,
    archiving,
    announcing,
    duties,
    feedback,
    information,
    identity,
    identity_paper,
    account,
    reuse,
    reuse_paper,
    reusable,
    payment,
    settlement,
    queue,
    post,
    postal_custody,
    evolve_post,
)


def _rules_of(chapter: ModuleType) -> tuple[Rule[..., object], ...]:
    return tuple(
        item
        for item in vars(chapter).values()
        if isinstance(item, Rule) and item.function.__module__ == chapter.__name__
    )


RULES: tuple[Rule[..., object], ...] = tuple(item for chapter in _CHAPTERS for item in _rules_of(chapter))
"""Each rule function of the core, chapter by chapter; one id may have several functions."""
