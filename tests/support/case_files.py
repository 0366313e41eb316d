"""Test support: the case file of a story, as the reader of a dossier gets it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.dossier.decision import Sender
from hub.explaining.case_file import CaseReading, case_file
from hub.explaining.entries import entry, short_type
from hub.explaining.naming import Names
from hub.explaining.words import CaseWords, Language
from hub.regulation.clock import local_day
from hub.regulation.organisations import Organisations
from schemas.base import Fact
from schemas.personal import split
from tests.support.dossiers import DOSSIER_ID, Story


def as_entry(number: int, fact: Fact, at: datetime, rules: tuple[str, ...] = ()) -> dict[str, Any]:
    """A fact as the store has it open: what is personal lies sealed elsewhere."""
    opened, _ = split(type(fact), fact.model_dump(mode="json"))
    kind = short_type(fact.type)
    return entry(at, "fact", kind, sequence=number, data=opened, rule=list(rules), cites=[], to=[])


def entries_of(story: Story) -> list[dict[str, Any]]:
    return [as_entry(number, fact, at) for number, (fact, at, _) in enumerate(story.facts, start=1)]


def names_of(
    story: Story, now: datetime, language: Language, organisations: Organisations | None = None
) -> Names:
    procedure = story.law.catalogue.procedures.get(story.now.procedure)
    return Names(CaseWords(language), organisations or Organisations(), procedure, local_day(now))


def file_of(
    story: Story,
    now: datetime,
    language: Language = "vi",
    reader: Sender | None = None,
    organisations: Organisations | None = None,
) -> dict[str, Any]:
    """What this reader is told; an operator without one."""
    entries = entries_of(story)
    names = names_of(story, now, language, organisations)
    return case_file(CaseReading(DOSSIER_ID, story.now, entries, entries), story.law, now, names, reader)
