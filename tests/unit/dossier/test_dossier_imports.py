"""Imports of registers on record: each edition once, with its officer."""

from __future__ import annotations

from datetime import date

from hub.dossier.matters import takes_part
from hub.engine.decide.routing import matter_receivers
from hub.inbound.directory import Directory
from schemas.register import RecordImport, RegisterChanged, RegisterTable
from tests.support.dossiers import AGENCY, COUNTER, HUB, MONDAY, OFFICER
from tests.support.matters import MatterStory, settlement

TABLES = (RegisterTable(name="officers", records=12), RegisterTable(name="delegations", records=2))


def edition(number: int) -> RecordImport:
    return RecordImport(
        name="roster", edition=number, sha256="5f" * 32, tables=TABLES, imported_at=MONDAY, officer=OFFICER,
        reason="Quý IV",
    )  # fmt: skip


def test_each_edition_is_a_fact_with_its_officer_and_nobody_else_reads_it() -> None:
    story = MatterStory()
    (fact,) = story.accepts(edition(1), HUB)
    assert isinstance(fact, RegisterChanged)
    assert (fact.officer, fact.reason, fact.edition, fact.tables) == (OFFICER, "Quý IV", 1, TABLES)
    assert matter_receivers(story.now, fact, Directory((COUNTER, AGENCY))) == ()
    assert not takes_part(story.now, COUNTER)
    assert edition(1).matter(date(2026, 10, 5)) == "register/roster"


def test_an_edition_is_on_record_once_and_in_its_order() -> None:
    story = MatterStory()
    story.accepts(edition(2), HUB)
    assert {story.refuses(edition(number), HUB).code for number in (1, 2)} == {"register.on_record"}
    assert story.accepts(edition(3), HUB)
    assert story.refuses(settlement(), COUNTER).code == "matter.not_possible"
