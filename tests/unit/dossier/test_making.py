"""Values that are made without a second look are those that the model itself makes."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError
from pydantic_core import PydanticSerializationError

from hub.dossier.making import maker
from schemas.base import Wire
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


def test_what_is_required_and_was_not_given_cannot_be_written() -> None:
    made = maker(Component)(code="000.00.00.G15-KQ003448")  # type: ignore[call-arg]
    with pytest.raises(PydanticSerializationError):
        made.model_dump_json()


def test_a_model_whose_defaults_are_made_anew_each_time_is_none_of_these() -> None:
    class Listing(Wire):
        entries: list[str] = Field(default_factory=list)

    with pytest.raises(TypeError, match="Listing: entries"):
        maker(Listing)


def test_a_story_sees_a_fact_that_no_reader_could_take(monkeypatch: pytest.MonkeyPatch) -> None:
    made = maker(DossierSubmitted)
    monkeypatch.setattr(
        "hub.dossier.rules.submission._submitted", lambda **values: made(**{**values, "sets": 0})
    )
    with pytest.raises(ValidationError, match="sets"):
        submitted()
