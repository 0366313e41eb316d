"""Keys that end with a day: those before cannot be made from those after."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag

from hub.facts.fact_bytes import last_day_of
from hub.facts.sealing import MasterKey
from hub.facts.term_keys import FARTHEST, TermKeys
from schemas.dossier import DossierWithdrawn
from tests.support import dossiers as build

TODAY = date(2026, 11, 23)


def master(day: date = TODAY) -> MasterKey:
    made = MasterKey(bytes(range(32)))
    made.terms = TermKeys(TODAY, b"s" * 32).on(day)
    return made


@pytest.mark.parametrize("days", [0, 1, 40, 366])
def test_what_ends_on_a_day_opens_until_that_day_is_over(days: int) -> None:
    last = TODAY + timedelta(days=days)
    key = master().new_key()
    sealed = key.seal_until(b"plain", b"fact-1", last)
    for day in (TODAY, last):
        assert master(day).unwrap(key.wrapped).open_until(sealed, b"fact-1", last) == b"plain"
    gone = master(last + timedelta(days=1)).unwrap(key.wrapped)
    assert gone.open_until(sealed, b"fact-1", last) is None
    with pytest.raises(InvalidTag):
        gone.open_until(sealed, b"fact-1", last + timedelta(days=1))


def test_every_day_has_a_key_of_its_own_and_the_seed_is_none() -> None:
    terms = TermKeys(TODAY, b"s" * 32)
    seeds = {terms.on(TODAY + timedelta(days=days)).seed for days in range(30)}
    assert len(seeds) == 30
    assert terms.on(TODAY + timedelta(days=5)).on(TODAY + timedelta(days=9)) == terms.on(
        TODAY + timedelta(days=9)
    )
    assert terms.on(TODAY - timedelta(days=1)) is terms


def test_data_end_with_their_use_and_at_the_latest_with_the_longest_licence() -> None:
    asked = datetime(2026, 11, 23, 2, tzinfo=UTC)

    assert last_day_of(build.person_data(asked, asked + timedelta(hours=22)), asked) == date(2026, 11, 24)
    for_ever = build.person_data(asked, datetime(2199, 1, 1, tzinfo=UTC))
    assert last_day_of(for_ever, asked) == (asked + FARTHEST).date()
    assert last_day_of(DossierWithdrawn.model_construct(), asked) is None
