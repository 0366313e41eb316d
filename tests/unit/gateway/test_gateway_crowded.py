"""Bodies of very many values are refused before anything is built of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hub.gateway.cloud_events import Posted, envelopes, read_batch, read_binary, read_structured
from hub.gateway.problems import ProblemError
from schemas.counting import MAX_VALUES
from tests.unit.gateway.test_gateway_events import EVENT, in_headers

MANY = {
    "objects": b"{}," * 200_000,
    "pairs": b'{"":0},' * 200_000,
    "numbers": b"0," * 200_000,
    "texts": b'"",' * 200_000,
    "events": b'{"id":"a","id":"b"},' * 100_000,
}


def refusal(read: Callable[[], list[Posted]]) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(ProblemError) as raised:
        envelopes(read(), is_batch=True)
    assert raised.value.problem.status == 413
    return raised.value.problem.code, raised.value.problem.fields


@pytest.mark.parametrize("name", MANY)
def test_a_body_of_more_values_than_its_events_can_hold_is_refused_as_a_whole(name: str) -> None:
    body = b'[{"id":"a","id":"b","x":[' + MANY[name] + b"{}]}]"
    assert refusal(lambda: read_batch("in.a", body, 10)) == ("schema.too_many_values", ())
    assert refusal(lambda: [read_structured("in.a", body)]) == ("schema.too_many_values", ("data",))


def crowded(values: int) -> bytes:
    """An event whose data hold so many values and one more."""
    return json.dumps(EVENT | {"data": [0] * values}).encode()


def test_one_event_of_a_batch_with_too_many_values_is_named() -> None:
    good = crowded(MAX_VALUES)
    for count in (MAX_VALUES + 1, 5 * MAX_VALUES):
        body = b"[" + good + b"," + crowded(count) + b"]"
        assert refusal(lambda body=body: read_batch("in.a", body, 10)) == (  # type: ignore[misc]  # bound now
            "schema.too_many_values", ("[1].data",),
        )  # fmt: skip
    assert len(envelopes(read_batch("in.a", b"[" + good + b"]", 10), is_batch=True)) == 1


def test_binary_mode_takes_as_many_values_as_the_others() -> None:
    body = json.dumps([0] * (MAX_VALUES + 1)).encode()
    assert refusal(lambda: [read_binary("in.a", in_headers(), body)])[0] == "schema.too_many_values"
    body = json.dumps([0] * MAX_VALUES).encode()
    assert len(envelopes([read_binary("in.a", in_headers(), body)], is_batch=False)) == 1
