"""Test support: what reports see of a story, and the plain count of it by other means."""

from __future__ import annotations

from hub.reports.life import Life
from schemas.replanning import CalendarChanged
from tests.support.dossiers import DOSSIER_ID, Story, law


def life_of(story: Story) -> Life:
    """The life that its facts tell, as they are stored."""
    life, versions = Life(DOSSIER_ID), law().versions
    for fact, moment, _ in story.facts:
        name = fact.type.removeprefix("onestop.").removesuffix(".v1")
        data = fact.model_dump(mode="json", exclude_none=True)
        life.happened(name, moment, data, versions)
        if isinstance(fact, CalendarChanged):
            versions = versions._replace(calendar=fact.calendar)
    return life
