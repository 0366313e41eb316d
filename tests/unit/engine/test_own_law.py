"""Two versions of the law side by side: each dossier goes by that of its own acceptance."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.dossier.state.codec import from_json
from hub.dossier.state.evolve import evolve
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.rules import code_blocks
from hub.errors import UntrustedRowError
from hub.facts.fact_bytes import StoredFact, law_of, open_fact
from hub.regulation.clock import local_day
from hub.regulation.law import FIRST_CALENDAR, FIRST_CATALOGUE, LawVersions
from hub.regulation.lawbook import LawBook, load_book
from schemas.registry import FACTS
from schemas.replanning import ReplanLimits
from tests.support.batches import FaultyRules, Memory, receipts, record, sent
from tests.support.dossiers import at
from tests.support.lawbooks import NEXT_REF, SHIPPED_REF, calendar_text, law_folder, with_next_version
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    CHECK,
    COMPONENTS,
    FORWARD,
    OFFICER,
    ONE_STOP,
    SUBMIT,
    acceptance,
    hand_check,
    submission,
)

BEGINS = date(2026, 11, 24)
EMPTY = sha256(b"").hexdigest()[:16]
RECEIVE = "onestop.dossier.receive.v1"
ASK_SUPPLEMENT, SUPPLEMENT = "onestop.dossier.request_supplement.v1", "onestop.dossier.supplement.v1"
FOREIGNER = {"kind": "citizen", "name": "JANE SAMPLE", "travel_document": "X0000001"}
FORWARDING = {"officer": OFFICER, "to": AGENCY}
HAND_OVER = "onestop.paper.hand_over.v1"
SLIP = {
    "giver": {"kind": "organisation", "organisation": ONE_STOP, "name": OFFICER["name"]},
    "receiver": {"kind": "organisation", "organisation": AGENCY, "name": "Phạm Thị Lãnh Đạo Mẫu"},
    "papers": [component["code"] for component in COMPONENTS],
}


class Life:
    """Requests of one counter to a store in memory, each a batch of its own."""

    def __init__(self, book: LawBook) -> None:
        self.memory = Memory(rules=FaultyRules(book), codes=code_blocks(book))
        self.requests = 0
        self.facts: list[StoredFact] = []

    def asks(
        self, kind: str, subject: str, moment: str, data: Any, sender: str = "counter-a"
    ) -> BatchDecision:
        """One request, decided and stored."""
        self.requests += 1
        time = int(at(moment).timestamp() * 1000)
        asked = record(kind, subject, data, f"e{self.requests}", sender=sender, timestamp=time)
        return self.memory.commit(self.memory.decide(asked))

    def does(self, kind: str, subject: str, moment: str, data: Any, **who: str) -> list[dict[str, Any]]:
        """The facts of an accepted request as stored, with the headers' ruleset checked."""
        decision = self.asks(kind, subject, moment, data, **who)
        assert decision.facts, receipts(decision)
        self.facts += decision.facts
        bodies = [orjson.loads(fact.content) for fact in decision.facts]
        headers = [
            dict(message.headers)["ce_ruleset"].decode() for message in sent(decision, "dossier.facts")
        ]
        assert headers == [body["ruleset"] for body in bodies]
        return bodies

    def lodged(self, subject: str, moment: str) -> LawVersions:
        """A dossier of somebody whom the officer checks by hand."""
        (fact,) = self.does(SUBMIT, subject, moment, submission(applicant=FOREIGNER))
        self.does(CHECK, subject, moment, hand_check(FOREIGNER))
        return law_of(fact)

    def accepted(self, subject: str, moment: str) -> LawVersions:
        """With a lease of codes for the day."""
        self.memory.codes.add(ONE_STOP, local_day(at(moment)), 1, 20)
        return law_of(self.does(ACCEPT, subject, moment, acceptance())[0])

    def forwarded(self, subject: str, moment: str) -> list[str]:
        """The rules that were violated when the paper goes; the electronic dossier goes at the same time."""
        self.does(FORWARD, subject, moment, FORWARDING)
        facts = self.does(HAND_OVER, subject, moment, SLIP)
        return [fact["data"]["rule"] for fact in facts if fact["type"] == "onestop.rule.violated.v1"]

    def replayed(self, book: LawBook) -> None:
        """Every stored state is what its facts add up to, each by the law that it names."""
        for dossier, stored in self.memory.dossiers.items():
            assert stored.wrapped_key is not None
            key, state = self.memory.master.unwrap(stored.wrapped_key), None
            for fact in [fact for fact in self.facts if fact.dossier_id == dossier]:
                body = open_fact(fact.content, key)
                data = FACTS[body["type"]].model_validate_json(orjson.dumps(body["data"]))
                at_, sender = (
                    datetime.fromisoformat(body["time"]),
                    body["source"].removeprefix("/participants/"),
                )
                state = evolve(state, data, at_, sender, book.of(law_of(body)))
            assert stored.state is not None
            assert state == from_json(stored.state)


@pytest.fixture
def book(tmp_path: Path) -> LawBook:
    """Paper accepted until 15:00 goes on the same day; by the next version, until 16:00."""
    return load_book(folder=with_next_version(tmp_path, BEGINS, paper_cutoff="16:00:00"))


@pytest.mark.rule("3.7")
@pytest.mark.parametrize(
    ("accepted", "version", "forwarded", "violated"),
    [
        ("2026-11-23 15:30", SHIPPED_REF, "2026-11-24 07:30", []),  # late by the next cut-off
        ("2026-11-23 14:30", SHIPPED_REF, "2026-11-24 07:30", ["16.2"]),
        ("2026-11-24 15:30", NEXT_REF, "2026-11-25 07:30", ["16.2"]),  # in time by the shipped cut-off
        ("2026-11-24 15:30", NEXT_REF, "2026-11-24 16:59", []),
        ("2026-11-24 16:01", NEXT_REF, "2026-11-25 07:30", []),
    ],
)
def test_a_dossier_goes_by_the_cut_off_of_its_own_acceptance(
    book: LawBook, accepted: str, version: str, forwarded: str, violated: list[str]
) -> None:
    life = Life(book)
    life.lodged("ref:1", "2026-11-23 09:00")
    assert life.accepted("ref:1", accepted).ruleset == version
    assert life.forwarded("ref:1", forwarded) == violated
    life.replayed(book)


@pytest.mark.rule("3.7")
def test_two_dossiers_go_by_two_laws_on_the_same_day(book: LawBook) -> None:
    life = Life(book)
    first = life.lodged("ref:1", "2026-11-23 15:30")
    assert first == life.accepted("ref:1", "2026-11-23 15:30")
    second = life.lodged("ref:2", "2026-11-24 07:10")
    assert second == life.accepted("ref:2", "2026-11-24 07:20") == first._replace(ruleset=NEXT_REF)
    assert life.forwarded("ref:1", "2026-11-24 07:30") == []
    assert life.forwarded("ref:2", "2026-11-24 07:30") == []
    assert law_of(orjson.loads(life.facts[-1].content)) == second
    life.replayed(book)


@pytest.mark.rule("3.7")
def test_a_dossier_lodged_before_a_change_is_accepted_by_the_law_of_the_day_of_acceptance(
    book: LawBook,
) -> None:
    life = Life(book)
    before = life.lodged("ref:1", "2026-11-23 16:30")
    assert before.ruleset == SHIPPED_REF
    assert life.accepted("ref:1", "2026-11-24 07:00") == before._replace(ruleset=NEXT_REF)
    life.replayed(book)


@pytest.mark.rule("3.7")
def test_an_open_dossier_keeps_its_catalogue_and_the_days_off_of_its_calendar(tmp_path: Path) -> None:
    """From 24 November on no procedure is published, and the 25th and 26th are days off."""
    days_off = "{ day = 2026-11-25, name = 'a' }, { day = 2026-11-26, name = 'b' }"
    texts = {
        "calendars/vn-2026.2.toml": calendar_text("vn-2026.2", BEGINS, days_off),
        f"catalogues/{EMPTY}.toml": f'version = "{EMPTY}"\nin_force_from = {BEGINS}\nrecords = []\n',
    }
    book = load_book(folder=law_folder(tmp_path, **texts))
    assert book.in_force(BEGINS).versions == (SHIPPED_REF, EMPTY, "vn-2026.2")
    life = Life(book)
    own = life.lodged("ref:1", "2026-11-23 09:00")
    assert life.accepted("ref:1", "2026-11-23 09:10") == own
    life.forwarded("ref:1", "2026-11-23 09:20")
    gaps = {"stage": "appraisal", "gaps": [{"component": COMPONENTS[0]["code"], "reason": "Thiếu chữ ký"}]}
    request = {"officer": OFFICER, **gaps}
    dossier = life.facts[0].dossier_id
    life.does(RECEIVE, dossier, "2026-11-23 09:30", {"officer": OFFICER}, sender="agency-a")
    life.does(ASK_SUPPLEMENT, dossier, "2026-11-23 10:00", request, sender="agency-a")
    (full,) = life.does(SUPPLEMENT, "ref:1", "2026-11-24 10:00", {"components": COMPONENTS})
    assert law_of(full) == own
    assert datetime.fromisoformat(full["data"]["due_at"]) == at("2026-11-27 17:00")  # 3 working days
    decision = life.asks(SUBMIT, "ref:2", "2026-11-24 10:00", submission(applicant=FOREIGNER))
    assert [receipt["code"] for receipt in receipts(decision)] == ["rule.3.8"]
    life.replayed(book)


def test_a_dossier_of_a_law_that_is_not_here_is_not_decided(book: LawBook) -> None:
    life = Life(book)
    life.lodged("ref:1", "2026-11-24 09:00")
    life.memory.rules = FaultyRules()
    with pytest.raises(UntrustedRowError, match=f"does not have version {NEXT_REF} of the law"):
        life.accepted("ref:1", "2026-11-24 09:10")


def test_an_order_for_a_calendar_that_is_not_here_is_refused_and_what_is_behind_it_goes_on(
    book: LawBook, tmp_path: Path
) -> None:
    """An operator's machine had it; held back, it would hold the timers of many dossiers."""
    life = Life(book)
    life.lodged("ref:1", "2026-11-24 09:00")
    (dossier,) = life.memory.dossiers
    order = {"calendar": "vn-2027.9", "officer": OFFICER, "reason": "Nghỉ bù"}
    decision = life.asks(ReplanLimits.type, dossier, "2026-11-24 10:00", order, sender="hub")
    assert decision.tally.refused == {("hub", "calendar.unknown"): 1}
    assert (decision.parked, decision.bugs, life.memory.dossiers[dossier].parked) == ([], [], 0)
    life.accepted("ref:1", "2026-11-24 10:10")

    folder = with_next_version(tmp_path / "later", BEGINS, paper_cutoff="16:00:00")
    law_folder(folder, **{"calendars/vn-2027.9.toml": calendar_text("vn-2027.9", date(2099, 1, 1))})
    life.memory.rules = FaultyRules(load_book(folder=folder))
    (changed, *_) = life.does(ReplanLimits.type, dossier, "2026-11-24 10:20", order, sender="hub")
    assert changed["data"]["calendar"] == "vn-2027.9"


def test_facts_of_before_the_whole_law_was_named_are_of_the_first_catalogue_and_calendar() -> None:
    versions = law_of({"ruleset": "bentre-45-2023@1"})
    assert versions == ("bentre-45-2023@1", FIRST_CATALOGUE, FIRST_CALENDAR)
    assert load_book().of(versions).versions == versions
