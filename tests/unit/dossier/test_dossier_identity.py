"""Identity checks: Art. 15.6.a."""

from __future__ import annotations

import re

import pytest

from hub.dossier.rules.identity import check_id
from schemas.identity import IdentityCheckRequested, IdentityMismatched, IdentityUnavailable
from schemas.types import IDENTITY_SHAPE
from tests.support import dossiers as build
from tests.support.dossiers import COUNTER, OTHER_COUNTER, POPULATION, PORTAL


@pytest.mark.rule("15.6.a")
def test_the_officer_asks_and_the_check_has_a_stable_id() -> None:
    story = build.submitted()
    (fact,) = story.accepts(build.verification(), COUNTER)
    assert isinstance(fact, IdentityCheckRequested)
    assert fact.check == check_id(build.DOSSIER_ID, "request-2")
    assert re.fullmatch(r"[a-p]{32}", fact.check)
    assert not IDENTITY_SHAPE.search(fact.check)
    assert (fact.procedure, fact.organisation) == (build.PROCEDURE, build.ONE_STOP)
    assert story.now.owner.outcome == "requested"


@pytest.mark.rule("15.6.a")
def test_a_mismatch_may_be_asked_about_again_and_the_new_answer_counts() -> None:
    story = build.submitted()
    story.accepts(build.verification(), COUNTER)
    first = story.now.owner.check
    assert first is not None
    (fact,) = story.accepts(build.identity_answer(first, "mismatched"), POPULATION)
    assert isinstance(fact, IdentityMismatched)
    story.accepts(build.verification(), PORTAL)
    second = story.now.owner.check
    assert second is not None
    assert story.refuses(build.identity_answer(first), POPULATION).code == "identity.unknown_check"
    story.accepts(build.identity_answer(second), POPULATION)
    assert story.now.owner.outcome == "matched"
    story.accepts(build.acceptance(), COUNTER)


@pytest.mark.rule("15.6.a")
def test_an_answer_is_given_once_but_could_not_ask_may_be_followed_by_one() -> None:
    story = build.submitted()
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    (fact,) = story.accepts(build.identity_answer(check, "unavailable", reason="timeout"), POPULATION)
    assert isinstance(fact, IdentityUnavailable)
    assert fact.reason == "timeout"
    assert "không phải là kết quả không khớp" in fact.reason_vi
    assert "no mismatch" in fact.reason_en
    story.accepts(build.identity_answer(check), POPULATION)
    refused = story.refuses(build.identity_answer(check, "mismatched"), POPULATION)
    assert refused.code == "identity.already_answered"


@pytest.mark.rule("15.6.a")
def test_there_is_no_proxy_to_ask_about_when_the_owner_lodged_the_dossier() -> None:
    refused = build.submitted().refuses(build.verification("proxy"), COUNTER)
    assert (refused.code, refused.fields) == ("identity.no_proxy", ("/party",))
    build.submitted(proxy=build.PROXY).accepts(build.verification("proxy"), COUNTER)


@pytest.mark.rule("15.6.a")
def test_an_answer_to_an_unknown_check_is_refused() -> None:
    refused = build.submitted().refuses(build.identity_answer("a" * 32), POPULATION)
    assert (refused.code, refused.fields) == ("identity.unknown_check", ("/check",))


def test_another_one_stop_does_not_ask() -> None:
    assert build.submitted().refuses(build.verification(), OTHER_COUNTER).code.startswith("security.")


def test_an_answer_that_comes_after_the_end_is_still_recorded() -> None:
    story = build.submitted()
    story.accepts(build.verification(), COUNTER)
    check = story.now.owner.check
    assert check is not None
    story.accepts(build.refusal(reason="not_entitled"), COUNTER)
    story.accepts(build.identity_answer(check), POPULATION)
    assert story.now.status == "declined"
