"""The same id again: byte for byte the first receipt; the same id for something else: refused and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import orjson
import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Received
from tests.support.counters import Counter, good_value, open_counter
from tests.support.requests import APPLICANT, SUBMIT, submission
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def counter(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with open_counter(stack, tmp_path_factory.mktemp("repeats")) as opened:
        yield opened


async def receipts(counter: Counter, event_id: str, count: int) -> list[Received]:
    await eventually(
        lambda: len(counter.client.receipts(event_id)) >= count,
        30,
        f"{count} receipts",
        counter.engine.output,
    )
    await counter.goes_on()
    found = counter.client.receipts(event_id)
    assert len(found) == count
    return found


def wire(receipt: Received) -> tuple[str, dict[str, str], bytes]:
    return receipt.key, receipt.headers, receipt.value


async def facts_of(counter: Counter, dossier: str) -> int:
    found = await counter.hub.database.fetchval("select count(*) from fact where dossier_id = $1", dossier)
    assert isinstance(found, int)
    return found


async def test_an_accepted_request_sent_again_gets_the_first_receipt_and_no_second_effect(
    counter: Counter,
) -> None:
    sent = counter.headers()
    key, value = sent["ce_subject"].encode(), good_value()
    await counter.client.publish(sent, key, value)
    await counter.client.publish(sent, key, value)
    first, second = await receipts(counter, sent["ce_id"], 2)
    assert wire(first) == wire(second)
    assert await facts_of(counter, first.data["dossier"]) == 1

    later = sent | {
        "ce_time": "2026-01-05T01:00:00Z",
        "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    }
    await counter.client.publish(later, key, value)
    third = (await receipts(counter, sent["ce_id"], 3))[2]
    assert wire(third) == wire(first), "neither time nor trace headers count"


async def test_a_refused_request_sent_again_gets_the_first_refusal(counter: Counter) -> None:
    sent = counter.headers()
    value = good_value(priority=1)
    for _ in range(2):
        await counter.client.publish(sent, sent["ce_subject"].encode(), value)
    first, second = await receipts(counter, sent["ce_id"], 2)
    assert first.data["code"] == "schema.unknown_field"
    assert wire(first) == wire(second)


async def test_the_id_of_a_refused_request_is_spent(counter: Counter) -> None:
    sent = counter.headers()
    key = sent["ce_subject"].encode()
    await counter.client.publish(sent, key, good_value(priority=1))
    await receipts(counter, sent["ce_id"], 1)
    await counter.client.publish(sent, key, good_value())
    refused = (await receipts(counter, sent["ce_id"], 2))[1]
    assert refused.data["code"] == "security.id_reused"


@pytest.mark.parametrize("changed", ["value", "subject", "type", "environment"])
async def test_the_same_id_for_something_else_is_refused_and_counted(counter: Counter, changed: str) -> None:
    sent = counter.headers()
    await counter.client.publish(sent, sent["ce_subject"].encode(), good_value())
    first = (await receipts(counter, sent["ce_id"], 1))[0]
    row = await counter.inbox_row(sent["ce_id"])
    counted = await reused(counter)

    other, value = dict(sent), good_value()
    match changed:
        case "value":
            value = good_value(applicant=APPLICANT | {"name": "Trần Thị Thử"})
        case "subject":
            other["ce_subject"] = f"ref:{uuid4()}"
        case "type":
            other["ce_type"] = "onestop.dossier.withdraw.v1"
        case _:
            other["ce_environment"] = "live"
    place = await counter.client.publish(other, other["ce_subject"].encode(), value)

    refused = (await receipts(counter, sent["ce_id"], 2))[1]
    assert refused.type == "onestop.receipt.refused.v1"
    assert refused.data["code"] == "security.id_reused"
    assert refused.data["fields"] == ["ce_id"]
    assert refused.headers["ce_id"] != first.headers["ce_id"]
    assert "Thử" not in refused.value.decode()
    assert await counter.is_done(*place)
    assert await counter.dead_letter(*place) is None
    assert await counter.inbox_row(sent["ce_id"]) == row, "the first answer stays"

    async def is_counted() -> bool:
        return await reused(counter) > counted

    await eventually(is_counted, 10, "the reused id to be counted")
    assert await facts_of(counter, first.data["dossier"]) == 1

    await counter.client.publish(sent, sent["ce_subject"].encode(), good_value())
    again = (await receipts(counter, sent["ce_id"], 3))[2]
    assert wire(again) == wire(first)


def in_one_piece(sent: dict[str, str], data: bytes) -> bytes:
    """The same event as one JSON object, with the bytes of its data as they are."""
    attributes = {name[3:]: text for name, text in sent.items() if name.startswith("ce_")}
    return orjson.dumps(attributes)[:-1] + b', "data": ' + data + b"}"


STRUCTURED = {"content-type": "application/cloudevents+json"}


@pytest.mark.parametrize("is_structured_first", [True, False])
async def test_the_same_event_in_another_mode_is_a_repeat_and_other_bytes_are_another_request(
    counter: Counter, is_structured_first: bool
) -> None:
    sent, data = counter.headers(), good_value()
    key = sent["ce_subject"].encode()
    modes = [(STRUCTURED, in_one_piece(sent, data)), (sent, data)]
    for headers, value in modes if is_structured_first else reversed(modes):
        await counter.client.publish(headers, key, value)
    first, second = await receipts(counter, sent["ce_id"], 2)
    assert first.type == "onestop.receipt.accepted.v1"
    assert wire(first) == wire(second)
    assert await facts_of(counter, first.data["dossier"]) == 1

    spaced = in_one_piece(sent, data.replace(b":", b": ", 1))
    await counter.client.publish(STRUCTURED, key, spaced)
    refused = (await receipts(counter, sent["ce_id"], 3))[2]
    assert refused.data["code"] == "security.id_reused"
    assert await facts_of(counter, first.data["dossier"]) == 1


async def test_the_same_id_of_two_participants_are_two_requests(counter: Counter) -> None:
    other = await counter.hub.join("counter-d", ["counter"], ["000.12.34.H07"])
    event_id = str(uuid4())
    one = await counter.client.ask(SUBMIT, f"ref:{uuid4()}", submission(), event_id=event_id)
    two = await other.ask(SUBMIT, f"ref:{uuid4()}", submission(), event_id=event_id)
    assert one.type == two.type == "onestop.receipt.accepted.v1"
    assert one.data["dossier"] != two.data["dossier"]


async def reused(counter: Counter) -> float:
    label = 'hub_events_rejected_total{participant="counter-a",reason="security.id_reused"} '
    lines = (await counter.engine.metrics()).splitlines()
    return sum(float(line.removeprefix(label)) for line in lines if line.startswith(label))


async def test_another_engine_gives_the_receipts_of_the_first(counter: Counter) -> None:
    accepted, refused = counter.headers(), counter.headers()
    requests = [(accepted, good_value()), (refused, orjson.dumps([]))]
    for headers, value in requests:
        await counter.client.publish(headers, headers["ce_subject"].encode(), value)
    first = {h["ce_id"]: (await receipts(counter, h["ce_id"], 1))[0] for h, _ in requests}
    assert await counter.engine.stop() == 0
    await counter.hub.start_engine("engine-2")
    for headers, value in requests:
        await counter.client.publish(headers, headers["ce_subject"].encode(), value)
    for event_id, receipt in first.items():
        again = (await receipts(counter, event_id, 2))[1]
        assert wire(again) == wire(receipt)
