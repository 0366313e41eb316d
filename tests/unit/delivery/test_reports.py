"""Ids of reports: the same for the same effect, and never like the number of a person."""

from __future__ import annotations

from uuid import UUID, uuid5

from hub.delivery.reports import report_id
from schemas.types import IDENTITY_SHAPE

SPACE = UUID("0f2f1c39-5a52-5c6b-9f58-6c9b3d4f2a10")


def test_the_id_of_an_effect_is_always_the_same_and_has_no_shape_of_a_persons_number() -> None:
    effects = [f"sync|delivered|message-{number}" for number in range(3000)]
    ids = [report_id(SPACE, effect) for effect in effects]
    assert ids == [report_id(SPACE, effect) for effect in effects]
    assert len(set(ids)) == len(ids)
    assert not any(IDENTITY_SHAPE.search(identity) for identity in ids)
    assert any(IDENTITY_SHAPE.search(str(uuid5(SPACE, effect))) for effect in effects), "some would have"
