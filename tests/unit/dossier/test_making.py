"""Values that are made without a second look are those that the model itself makes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hub.dossier.making import maker
from schemas.dossier import Component, DossierSubmitted, IdentityKnown
from tests.support.dossiers import submitted


def test_a_made_value_is_that_of_the_model_with_its_defaults_and_is_written_alike() -> None:
    made = maker(Component)(code="000.00.00.G15-KQ003448", originals=1)
    validated = Component(code="000.00.00.G15-KQ003448", originals=1)
    assert made == validated
    assert made.model_dump_json() == validated.model_dump_json()
    assert made.model_copy(update={"digitised": True}) == validated.model_copy(update={"digitised": True})


def test_a_made_value_cannot_be_changed() -> None:
    made = maker(IdentityKnown)(outcome="matched", paper_checked=False)
    with pytest.raises(ValidationError):
        made.outcome = "none"  # type: ignore[misc]


def test_a_story_sees_a_fact_that_no_reader_could_take(monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(DossierSubmitted)
    monkeypatch.setattr(
        "hub.dossier.rules.submission._submitted", lambda **values: made(**{**values, "sets": 0})
    )
    with pytest.raises(ValidationError, match="sets"):
        submitted()
