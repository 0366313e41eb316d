"""The sandboxes' journals as the ledger reads them: effects by their keys, and who was asked twice."""

from __future__ import annotations

from tests.support.ledger.evidence import Effect
from tests.support.ledger.outside import population_effects, postal_effects


def test_orders_and_cancellations_are_effects_and_a_second_demand_is_a_repeat() -> None:
    lines: list[dict[str, object]] = [
        {"kind": "order", "order": "d1__C1"},
        {"kind": "event", "order": "d1__C1"},
        {"kind": "duplicate", "order": "d1__C1"},
        {"kind": "cancel", "order": "d1__C1"},
        {"kind": "clock", "offset_s": 1.0},
    ]
    assert postal_effects(lines) == [
        Effect("postal", "d1__C1"),
        Effect("postal", "d1__C1", is_repeat=True),
        Effect("postal", "d1__C1/cancel"),
    ]


def test_a_check_is_one_effect_however_often_it_is_asked_with_fresh_ids() -> None:
    lines = [
        {"kind": "effect", "request_id": "abcd"},
        {"kind": "fault", "request_id": "efgh"},
        {"kind": "effect", "request_id": "abcd-2"},
        {"kind": "refused", "request_id": "ijkl"},
    ]
    assert population_effects(lines) == [
        Effect("population", "abcd"),
        Effect("population", "abcd", is_repeat=True),
    ]
