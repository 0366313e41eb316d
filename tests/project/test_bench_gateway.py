"""The gateway benchmark: the same requests on both ways, a check that sees what is wrong, its arithmetic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bench.gateway_report import gateway_page
from bench.gateway_requests import PARTICIPANTS, Answer, Way, check_receipts, submissions
from bench.gateway_run import GatewayMeasured, GatewayPlan, at_share, drive
from bench.product_events import Planned
from schemas.registry import REQUESTS

MACHINE = {
    "commit": "abc", "at": "now", "cpu": "2 x cpu", "memory_gib": 1, "disk": "disk", "system": "os",
    "python": "3.11", "versions": {}, "broker": "kafka", "database": "postgres", "load_at_start": [0.0],
}  # fmt: skip
Receipts = list[tuple[str, str | None]]


def _receipts(planned: list[Planned]) -> Receipts:
    return [(one.event.id, one.refusal) for one in planned]


def test_both_ways_send_the_same_ids_and_references_from_their_own_counter() -> None:
    kafka, gateway = (submissions(way, "r0", 30, seed=1) for way in PARTICIPANTS)
    assert [(one.event.id, one.event.subject) for one in kafka] == [
        (one.event.id, one.event.subject) for one in gateway
    ]
    assert {one.topic for one in kafka} == {"counter-1"}
    assert {one.topic for one in gateway} == {"counter-2"}


def test_rounds_never_share_an_id_or_a_reference() -> None:
    first, second = (submissions("kafka", purpose, 30, seed=1) for purpose in ("round0", "round1"))
    assert not {one.event.id for one in first} & {one.event.id for one in second}
    assert not {one.event.subject for one in first} & {one.event.subject for one in second}


def test_every_submission_is_valid_and_a_tenth_must_be_refused() -> None:
    planned = submissions("gateway", "r0", 50, seed=1)
    for one in planned:
        REQUESTS[one.type].model_validate_json(one.event.value)
    assert [one.refusal for one in planned].count("rule.14.3") == 5


def test_one_receipt_each_with_the_planned_outcome_passes() -> None:
    planned = submissions("kafka", "r0", 20, seed=1)
    check_receipts(planned, reversed(_receipts(planned)), "here")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda found: found[1:], r"missing \{'accepted': 1\}"),
        (lambda found: [*found, found[0]], r"not planned \{'accepted': 1\}"),
        (lambda found: [(found[0][0], "rule.14.3"), *found[1:]], r"not planned \{'rule.14.3': 1\}"),
        (lambda found: [("other", None), *found[1:]], "missing"),
    ],
    ids=["missing", "twice", "wrong outcome", "of another request"],
)
def test_a_receipt_that_is_missing_repeated_or_wrong_is_told(
    spoil: Callable[[Receipts], Receipts], told: str
) -> None:
    planned = submissions("kafka", "r0", 20, seed=1)
    with pytest.raises(RuntimeError, match=told):
        check_receipts(planned, spoil(_receipts(planned)), "here")


class _CountingDoor:
    """Answers each request when all clients have one under way, or when no more can come."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.under_way = 0
        self.most = 0

    async def ask(self, client: int, planned: Planned) -> Answer:  # noqa: ARG002  the protocol names it
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        self.left -= 1
        return Answer(planned.event.id, planned.refusal)


async def test_as_many_requests_are_under_way_as_there_are_clients_and_each_is_sent_once() -> None:
    planned = submissions("kafka", "r0", 25, seed=1)
    door = _CountingDoor(25)
    driven = await drive(door, planned, clients=4)
    assert (door.left, door.most) == (0, 4)
    check_receipts(planned, ((one.request, one.refusal) for one in driven.answers), "here")
    assert len(driven.latencies_s) == 25


def test_a_share_of_ordered_values_lies_below_the_value_at_it() -> None:
    ordered = [float(number) for number in range(100)]
    assert (at_share(ordered, 0.5), at_share(ordered, 0.95), at_share(ordered, 1.0)) == (50.0, 95.0, 99.0)
    assert at_share([7.0], 0.99) == 7.0


def _measured(way: Way, number: int, rate: float, p95_ms: float) -> GatewayMeasured:
    return GatewayMeasured(
        way, number, 100, 1000, 100, 0, rate, 1.0, p95_ms, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.1
    )  # fmt: skip


def test_the_page_gives_the_share_of_kafka_round_by_round() -> None:
    measured = [
        _measured("kafka", 0, 1000.0, 10.0),
        _measured("gateway", 0, 500.0, 20.0),
        _measured("kafka", 1, 2000.0, 10.0),
        _measured("gateway", 1, 400.0, 40.0),
    ]
    text = gateway_page(MACHINE, GatewayPlan(rounds=2), measured)
    row = next(line for line in text.splitlines() if line.startswith("| HTTPS") and "(400-500)" in line)
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3] == "0.35 (0.20-0.50)"
    assert cells[5] == "30.0 (20.0-40.0)"
    assert cells[7] == "3.00 (2.00-4.00)"
