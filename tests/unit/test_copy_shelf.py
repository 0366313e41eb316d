"""What a batch gets to know of signed packages before it is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from hub import copy_shelf
from hub.copy_shelf import CopyShelf
from hub.documents.reason import DocumentsAwayError
from hub.dossier.verification import CopyOutcome, UnverifiedCopy
from tests.support.batches import Memory, receipts, record, submit
from tests.support.requests import COMPONENTS, OFFICER, submission

PACKAGE = "1" * 64
REGISTER = "onestop.copy.register.v1"
REQUEST = {"component": COMPONENTS[0]["code"], "package": PACKAGE, "files": ["f" * 64], "officer": OFFICER}


class Asked:
    """Answers with one refusal and remembers what it was asked for."""

    def __init__(self) -> None:
        self.digests: list[str] = []

    async def load_copies(self, digests: Collection[str]) -> Mapping[str, CopyOutcome]:
        self.digests += digests
        return {digest: UnverifiedCopy("signature.chain") for digest in digests}


class Silent:
    async def load_copies(self, digests: Collection[str]) -> Mapping[str, CopyOutcome]:
        await asyncio.Event().wait()
        raise AssertionError(digests)


async def test_outcomes_are_brought_for_the_requests_that_need_them_and_decide_them() -> None:
    memory, loader = Memory(), Asked()
    memory.commit(memory.decide(submit("s-1", "ref:1", submission())))
    register = memory.read(record(REGISTER, "ref:1", REQUEST, "r-1"))
    decision = memory.decision()
    shelf = decision._tools.copies
    shelf._loader = loader
    await shelf.bring([memory.read(submit("s-2", "ref:2", submission())), register], memory.job)
    assert loader.digests == [PACKAGE]
    decision.take(register)
    (receipt,) = receipts(decision)
    assert receipt["code"] == "signature.chain"


async def test_without_a_store_every_package_is_missing() -> None:
    memory, shelf = Memory(), CopyShelf()
    await shelf.bring([memory.read(record(REGISTER, "ref:1", REQUEST, "r-1"))], memory.job)
    assert shelf.of((PACKAGE,)) == {PACKAGE: UnverifiedCopy("document.missing")}
    assert shelf.of(()) == {}


async def test_what_was_not_brought_is_a_bug() -> None:
    with pytest.raises(KeyError):
        CopyShelf().of((PACKAGE,))


async def test_a_store_that_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_shelf, "_LOADING_S", 0.05)
    memory = Memory()
    with pytest.raises(DocumentsAwayError):
        await CopyShelf(Silent()).bring([memory.read(record(REGISTER, "ref:1", REQUEST, "r-1"))], memory.job)
