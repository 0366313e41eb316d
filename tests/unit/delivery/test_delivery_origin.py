"""Whose request opened a dossier is told by the dossier's id."""

from __future__ import annotations

import pytest

from hub.delivery.origin import is_opened_by
from hub.identifiers import derived_id

REQUEST = "dvcqg-hs-mau"
OURS = derived_id(1_788_000_000_000, "dossier", "/participants/portal", REQUEST)


def test_a_dossier_belongs_to_the_request_and_the_participant_that_opened_it() -> None:
    assert is_opened_by(OURS, "portal", REQUEST)
    assert not is_opened_by(OURS, "counter-a", REQUEST)
    assert not is_opened_by(OURS, "portal", "other")


@pytest.mark.parametrize(
    "dossier",
    [derived_id(1_788_000_000_000, "dossier", "/participants/counter-a", REQUEST), "", "d-1", OURS.upper()],
)
def test_any_other_id_does_not(dossier: str) -> None:
    assert not is_opened_by(dossier, "portal", REQUEST)
