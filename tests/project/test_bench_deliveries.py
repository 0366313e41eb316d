"""The deliveries benchmark: facts that adapters take, journals that are checked, its arithmetic."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from adapters.national_portal.folding import fold
from adapters.population_db.question import Asking, prepare
from bench.deliveries_kind import Kind, check_counts, headers_of, steady_rate
from bench.deliveries_population import RIGHTS
from bench.deliveries_portal import words_of
from bench.deliveries_report import deliveries_page
from bench.deliveries_run import KINDS, DeliveriesMeasured, DeliveriesPlan, Program, kinds_of
from hub.delivery.wire import decode
from schemas.pickup import PickupOrdered
from tests.project.test_bench_gateway import MACHINE

POPULATION, POSTAL, PORTAL = KINDS
JOURNALS: dict[str, list[dict[str, Any]]] = {
    "population": [{"kind": "effect", "request_id": "check-0000007.", "outcome": "match"}],
    "postal": [{"kind": "order", "order": "000.12.34.H07-260302-0000007__C1", "customer": "THU01"}],
    "portal": [
        {"kind": "dossier", "action": "insert", "code": "H07.34.12-260302-0000007"},
        {"kind": "progress", "code": "H07.34.12-260302-0000007"},
    ],
}
UNPLANNED: dict[str, dict[str, Any]] = {
    "population": {"kind": "refused", "request_id": "check-0000007.", "code": "REQUEST_ID_REUSED"},
    "postal": {"kind": "duplicate", "order": "000.12.34.H07-260302-0000007__C1"},
    "portal": {"kind": "dossier", "action": "update", "code": "H07.34.12-260302-0000007"},
}
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))


@every_kind
def test_messages_are_read_by_the_delivery_runtime_as_they_were_made(kind: Kind) -> None:
    for one in [*kind.earlier([7]), *kind.messages([7])]:
        read = decode(one.dossier.encode(), headers_of(one), one.data, "live")
        assert read == one


@every_kind
def test_each_delivery_is_of_a_dossier_of_its_own(kind: Kind) -> None:
    messages = kind.messages(range(50))
    assert len({one.dossier for one in messages}) == len({one.id for one in messages}) == 50


def test_the_facts_are_those_of_the_published_contract() -> None:
    (check,) = POPULATION.messages([7])
    assert isinstance(prepare(check, RIGHTS), Asking)
    (order,) = POSTAL.messages([7])
    PickupOrdered.model_validate_json(order.data)
    (submitted,), (accepted,) = PORTAL.earlier([7]), PORTAL.messages([7])
    record, _ = fold(None, submitted)
    assert fold(record, accepted)[1] is not None


@every_kind
def test_a_journal_with_each_effect_once_passes(kind: Kind) -> None:
    found = Counter(kind.journaled(line) for line in JOURNALS[kind.name])
    check_counts(kind.effects([7]), found, "journal")


@every_kind
def test_an_effect_that_happened_twice_is_told(kind: Kind) -> None:
    lines = JOURNALS[kind.name]
    found = Counter(kind.journaled(line) for line in [*lines, lines[-1]])
    with pytest.raises(RuntimeError, match=r"1 too many.*; 0 missing"):
        check_counts(kind.effects([7]), found, "journal")


@every_kind
def test_an_effect_that_is_missing_is_told(kind: Kind) -> None:
    found = Counter(kind.journaled(line) for line in JOURNALS[kind.name])
    with pytest.raises(RuntimeError, match=r"0 too many.*missing"):
        check_counts(kind.effects([7, 8]), found, "journal")


@every_kind
def test_anything_else_in_the_journal_is_told(kind: Kind) -> None:
    found = Counter(kind.journaled(line) for line in [*JOURNALS[kind.name], UNPLANNED[kind.name]])
    with pytest.raises(RuntimeError, match="1 too many"):
        check_counts(kind.effects([7]), found, "journal")


@pytest.mark.parametrize(
    ("kind", "told", "data", "wrong"),
    [
        (POPULATION, "onestop.identity.report.v1", {"outcome": "matched"}, {"outcome": "unavailable"}),
        (POSTAL, "onestop.pickup.report.v1", {"status": "registered"}, {"status": "cancelled"}),
        (PORTAL, "onestop.adapter.sync_report.v1", {"outcome": "delivered"}, {"outcome": "unknown"}),
    ],
    ids=["population", "postal", "portal"],
)
def test_a_report_with_another_outcome_is_not_the_planned_one(
    kind: Kind, told: str, data: dict[str, str], wrong: dict[str, str]
) -> None:
    (message,) = kind.messages([7])
    assert Counter([kind.reported(told, message.subject, data)]) == kind.reports([7])
    assert Counter([kind.reported(told, message.subject, wrong)]) != kind.reports([7])


def test_the_loop_maps_with_the_settings_that_the_portals_adapter_needs() -> None:
    words = words_of("http://127.0.0.1:1")
    assert words.shape_of_return in {"return_by_post", "lodged_online"}


def test_a_rate_is_taken_from_a_tenth_to_the_last() -> None:
    slow_start = [0.0, *(10.0 + number * 0.1 for number in range(19))]
    assert steady_rate(slow_start) == pytest.approx(10.0)
    assert steady_rate(reversed(slow_start)) == pytest.approx(10.0)


@pytest.mark.parametrize("moments", [[], [1.0], [2.0, 2.0, 2.0]])
def test_without_time_there_is_no_rate(moments: list[float]) -> None:
    with pytest.raises(ValueError, match="no time"):
        steady_rate(moments)


def test_adapters_are_found_by_name_and_unknown_names_are_refused() -> None:
    assert [kind.name for kind in kinds_of("portal,population")] == ["population", "portal"]
    assert kinds_of("all") == list(KINDS)
    with pytest.raises(ValueError, match="fax"):
        kinds_of("postal,fax")


def _measured(program: Program, number: int, per_s: float) -> DeliveriesMeasured:
    return DeliveriesMeasured("postal", program, number, 100, per_s, per_s, 1.0, 2.0, 3.0, 4.0, 0.1)


def test_the_page_compares_with_the_loop_of_the_same_round() -> None:
    measured = [
        _measured("adapter", 0, 100.0),
        _measured("loop", 0, 200.0),
        _measured("adapter", 1, 300.0),
        _measured("loop", 1, 400.0),
    ]
    text = deliveries_page(MACHINE, DeliveriesPlan(rounds=2), measured)
    row = next(line for line in text.splitlines() if line.startswith("| postal operator"))
    assert [cell.strip() for cell in row.split("|")][3:7] == [
        "200 (100-300)", "200 (100-300)", "300 (200-400)", "0.62 (0.50-0.75)",
    ]  # fmt: skip
    assert "population" not in text
