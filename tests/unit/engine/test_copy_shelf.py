"""What a batch gets to know of signed packages before it is decided."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from obstore.store import MemoryStore

from hub.documents.reason import DocumentDamagedError, DocumentMissingError, DocumentsAwayError
from hub.documents.rights import DocumentRights
from hub.documents.store import DocumentStore
from hub.dossier.verification import AwayCopy, CopyOutcome, UnverifiedCopy
from hub.engine.decide import prefetch_copies as copy_shelf
from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.decide.prefetch_copies import CopyPrefetch
from hub.engine.decide.unit_of_work import View
from hub.facts.integrity import StoreKey
from hub.inbound.authorise import Authorised
from tests.support.batches import Memory, receipts, record, submit
from tests.support.buckets import closed_bucket
from tests.support.requests import COMPONENTS, OFFICER, submission

PACKAGE = "1" * 64
REGISTER = "onestop.copy.register.v1"
REQUEST = {"component": COMPONENTS[0]["code"], "package": PACKAGE, "files": ["f" * 64], "officer": OFFICER}
NO_VIEW = View({}, {}, {})
NO_DATABASE = cast("Any", None)


class Asked:
    """Answers with one outcome or error, and remembers what it was asked for."""

    def __init__(self, answer: CopyOutcome | Exception) -> None:
        self.store = DocumentStore(MemoryStore(), 1000)
        self.digests: list[str] = []
        self.answer = answer

    async def load_copy(self, digest: str, rights: DocumentRights | None) -> CopyOutcome:
        assert rights is not None
        self.digests.append(digest)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Silent(Asked):
    async def load_copy(self, digest: str, rights: DocumentRights | None) -> CopyOutcome:
        await asyncio.Event().wait()
        raise AssertionError((digest, rights))


def a_register(memory: Memory, subject: str = "ref:1", event_id: str = "r-1") -> Authorised:
    item = memory.read(record(REGISTER, subject, REQUEST, event_id))
    assert isinstance(item, Authorised)
    return item


async def decided(loader: Asked) -> tuple[Memory, BatchDecision, CopyPrefetch]:
    """A registration that was decided on what the loader said, behind a submission."""
    memory = Memory()
    memory.commit(memory.decide(submit("s-1", "ref:1", submission())))
    register, decision = a_register(memory), memory.decision()
    shelf = decision._tools.copies
    shelf._loader = loader
    shelf._rows = memory.master.store
    items = [memory.read(submit("s-2", "ref:2", submission())), register]
    await shelf.bring(items, memory.rules, NO_DATABASE, NO_VIEW)
    decision.take(register)
    decision.finish()
    return memory, decision, shelf


async def test_outcomes_are_brought_for_the_requests_that_need_them_and_decide_them() -> None:
    loader = Asked(UnverifiedCopy("signature.chain"))
    _, decision, _ = await decided(loader)
    assert loader.digests == [PACKAGE]
    (receipt,) = receipts(decision)
    assert receipt["code"] == "signature.chain"


async def test_without_a_store_every_package_is_missing() -> None:
    memory, shelf = Memory(), CopyPrefetch()
    item = a_register(memory)
    await shelf.bring([item], memory.rules, NO_DATABASE, NO_VIEW)
    assert shelf.of(item, (PACKAGE,)) == {PACKAGE: UnverifiedCopy("document.missing")}
    assert shelf.of(item, ()) == {}


async def test_what_was_not_brought_is_a_bug() -> None:
    with pytest.raises(KeyError):
        CopyPrefetch().of(a_register(Memory()), (PACKAGE,))


@pytest.mark.parametrize(
    "error", [DocumentsAwayError("x"), DocumentMissingError("x"), DocumentDamagedError("x")]
)
async def test_a_request_whose_documents_cannot_be_had_waits_without_an_answer(error: Exception) -> None:
    memory, decision, shelf = await decided(Asked(error))
    assert receipts(decision) == []
    assert [(item.request_id, item.reason) for item in decision.parked] == [("r-1", "documents.away")]
    assert decision.bugs == []
    assert shelf.is_away is isinstance(error, DocumentsAwayError)
    memory.commit(decision)


async def test_what_the_rules_refuse_without_looking_at_a_document_does_not_wait() -> None:
    """Else anybody could make the dossiers of others wait while the store is away."""
    memory = Memory()
    memory.commit(memory.decide(submit("s-1", "ref:1", submission())))
    decision = memory.decision()
    shelf = decision._tools.copies
    shelf._loader = Asked(DocumentsAwayError("x"))
    shelf._rows = memory.master.store
    foreign = memory.read(record(REGISTER, "ref:1", REQUEST | {"component": "KQ.G15.000099"}, "r-1"))
    await shelf.bring([foreign], memory.rules, NO_DATABASE, NO_VIEW)
    decision.take(foreign)
    decision.finish()
    assert [receipt["code"] for receipt in receipts(decision)] == ["rule.15.6.c1"]
    assert decision.parked == []


async def test_a_store_that_says_nothing_holds_a_batch_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_shelf, "_BATCH_S", 0.05)
    memory = Memory()
    loader = Silent(AwayCopy())
    shelf, item = CopyPrefetch(loader, memory.master.store), a_register(memory)
    await shelf.bring([item], memory.rules, NO_DATABASE, NO_VIEW)
    assert shelf.of(item, (PACKAGE,)) == {PACKAGE: AwayCopy()}
    assert shelf.is_away
    monkeypatch.setattr(copy_shelf, "_BATCH_S", 1e6)
    await shelf.bring([item], memory.rules, NO_DATABASE, NO_VIEW)
    loader.store = DocumentStore(closed_bucket(), 1000)
    await shelf.ask()
    assert shelf.is_away
    loader.store = DocumentStore(MemoryStore(), 1000)
    await shelf.ask()
    assert not shelf.is_away


async def test_a_reuse_beside_it_gives_no_right_to_name_the_package_in_a_registration() -> None:
    """Both in one batch, of one participant, for one dossier and one package."""
    memory, asked = Memory(), []

    class Judging(Asked):
        async def load_copy(self, digest: str, rights: DocumentRights | None) -> CopyOutcome:
            asked.append((digest, rights is None))
            return UnverifiedCopy("signature.chain" if rights is None else "document.missing")

    reuse_data = {
        "component": COMPONENTS[0]["code"],
        "paper": {"dossier": "000.12.34.H07-261129-0001", "package": PACKAGE},
        "officer": OFFICER,
    }
    register = a_register(memory)
    reuse = memory.read(record("onestop.component.reuse.v1", "ref:1", reuse_data, "u-1"))
    assert isinstance(reuse, Authorised)
    assert reuse.request is not None
    for items in ([register, reuse], [reuse, register]):
        asked.clear()
        shelf = CopyPrefetch(Judging(AwayCopy()), StoreKey(bytes(32)))
        await shelf.bring(items, memory.rules, NO_DATABASE, NO_VIEW)
        assert shelf.of(register, (PACKAGE,)) == {PACKAGE: UnverifiedCopy("document.missing")}
        assert shelf.of(reuse, (PACKAGE,)) == {PACKAGE: UnverifiedCopy("signature.chain")}
        assert sorted(asked) == [(PACKAGE, False), (PACKAGE, True)]
