"""Identity checks: Art. 15.6.a."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

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
@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"identity_number": "083190000009"}, ("/person/identity_number",)),
        ({"old_identity_number": "320000001"}, ("/person/old_identity_number",)),
        ({"name": "Lê Thị Khác"}, ("/person/name",)),
        ({"birth_year": 1991}, ("/person/birth_year",)),
        ({"birth_date": date(1990, 1, 3)}, ("/person/birth_date",)),
        ({"name": "NGUYEN  THI MAU", "birth_date": date(1990, 1, 2)}, ()),
    ],
)
def test_nobody_but_the_applicant_of_the_dossier_is_asked_about(
    asked: dict[str, Any], fields: tuple[str, ...]
) -> None:
    owner = build.OWNER.model_copy(update={"birth_date": date(1990, 1, 2)})
    story = build.submitted(applicant=owner)
    if not fields:
        story.accepts(build.verification(**asked), COUNTER)
        return
    refused = story.refuses(build.verification(**asked), COUNTER)
    assert (refused.code, refused.rule, refused.fields) == ("identity.another_person", "15.6.a", fields)
    assert story.refuses(build.acceptance(), COUNTER).code == "identity.not_checked"


@pytest.mark.rule("15.6.a")
def test_a_birth_that_the_submission_does_not_name_in_full_is_the_officers() -> None:
    build.submitted().accepts(build.verification(birth_date=date(1990, 5, 6)), COUNTER)
    story = build.submitted(applicant=build.OWNER.model_copy(update={"birth_year": 1990}))
    story.accepts(build.verification(birth_date=date(1990, 5, 6)), COUNTER)
    refused = story.refuses(build.verification(birth_date=date(1991, 5, 6)), COUNTER)
    assert refused.fields == ("/person/birth_date",)


@pytest.mark.rule("15.6.a")
def test_a_check_of_the_proxy_is_about_the_proxy_and_not_the_applicant() -> None:
    story = build.submitted(proxy=build.PROXY)
    person = build.verification().person
    refused = story.refuses(build.verification("proxy").model_copy(update={"person": person}), COUNTER)
    assert (refused.code, refused.fields) == (
        "identity.another_person",
        ("/person/identity_number", "/person/name"),
    )
    assert story.refuses(build.verification("owner", name="Trần Văn Thử"), COUNTER).fields == (
        "/person/name",
    )


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
