"""Other dossiers on their way to the rules: opened from what is stored, never from what a request says."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from cryptography.exceptions import InvalidTag

from hub.dossier.state.codec import from_json, to_json
from hub.engine.decide.prefetch_sources import SourcePrefetch, StoredSource, opened, sources_of
from hub.facts.fact_bytes import FactPlace, Origin, store_fact
from schemas.component import ComponentReusable
from schemas.dossier import WithdrawDossier
from tests.support import reuse
from tests.support.batches import NOW, NOW_MS, Memory, submit
from tests.support.dossiers import law
from tests.support.requests import APPLICANT, submission
from tests.support.reuse import OTHER_CODE


def stored(memory: Memory) -> StoredSource:
    """A dossier as its batch left it, with one paper that became reusable."""
    decision = memory.commit(memory.decide(submit("e0", "ref:HS-0", submission())))
    (row,) = (memory.dossiers[fact.dossier_id] for fact in decision.facts)
    assert row.wrapped_key is not None
    place = FactPlace(row.id, 2, row.head, memory.master.unwrap(row.wrapped_key))
    paper = reuse.other_dossier().papers[0]
    fact, _ = store_fact(paper, 0, Origin("/participants/x", "r", NOW_MS, NOW, law().versions, ()), place, ())
    return StoredSource(row.id, row.state, row.private, row.wrapped_key, (fact.content,))


def test_a_stored_dossier_is_opened_with_its_own_key() -> None:
    memory = Memory()
    row = stored(memory)
    assert row.state is not None
    source = opened(row, row.state, memory.master)
    assert (source.id, source.status) == (row.id, "submitted")
    assert source.applicant is not None
    assert source.applicant.identity_number == APPLICANT["identity_number"]
    assert source.papers == reuse.other_dossier().papers
    assert isinstance(source.papers[0], ComponentReusable)


def test_of_an_erased_dossier_nobody_can_tell_the_applicant() -> None:
    memory = Memory()
    row = msgspec.structs.replace(stored(memory), wrapped_key=None)
    assert row.state is not None
    assert opened(row, row.state, memory.master).applicant is None


def test_another_dossiers_sealed_applicant_does_not_open() -> None:
    memory = Memory()
    row = msgspec.structs.replace(stored(memory), id=reuse.OTHER_ID)
    assert row.state is not None
    with pytest.raises(InvalidTag):
        opened(row, row.state, memory.master)


def test_only_the_reuse_of_a_paper_names_another_dossier() -> None:
    assert sources_of(reuse.reuse("x")) == (OTHER_CODE,)
    assert sources_of(reuse.reuse("x", check="c")) == ()
    assert sources_of(WithdrawDossier()) == ()
    assert SourcePrefetch().of(WithdrawDossier(), Memory().master) == {}


def test_a_dossier_that_the_store_does_not_have_is_left_out_and_one_that_nobody_looked_for_is_a_bug() -> None:
    shelf, memory = SourcePrefetch(), Memory()
    with pytest.raises(KeyError):
        shelf.of(reuse.reuse("x"), memory.master)
    shelf.put({OTHER_CODE: None})
    assert shelf.of(reuse.reuse("x"), memory.master) == {}
    shelf.put({OTHER_CODE: msgspec.structs.replace(stored(memory), state=None)})
    assert shelf.of(reuse.reuse("x"), memory.master) == {}


def test_of_a_corrected_result_only_the_corrected_paper_is_there() -> None:
    memory = Memory()
    row = stored(memory)
    assert row.state is not None
    (paper,) = reuse.other_dossier().papers
    state = from_json(row.state)
    for late, left in ((0, 1), (1, 0)):
        corrected_at = paper.reusable_from + timedelta(seconds=late)
        state = msgspec.structs.replace(state, corrections={paper.component: corrected_at})
        is_result = paper.kind == "result"
        assert len(opened(row, to_json(state), memory.master).papers) == (left if is_result else 1)
