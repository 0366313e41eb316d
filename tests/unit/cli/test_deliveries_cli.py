"""What a line of `hub deliveries list` says of the last outcome."""

from __future__ import annotations

import pytest

from hub.delivery.outcome import Delivered, NotFound, QueryOutcome, Rejected, RetryAt, Unknown
from hub.delivery.stored_outcome import outcome_text, short_outcome


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Delivered({"name": "Nguyễn Văn Thử"}), "delivered"),
        (Rejected("postal.013", "Địa chỉ của Nguyễn Văn Thử sai", "wrong address"), "rejected: postal.013"),
        (Unknown("no_answer_in_time"), "unknown: no_answer_in_time"),
        (RetryAt(5.0, "HTTP 503"), "retry: HTTP 503"),
        (NotFound(), "not_found"),
    ],
)
def test_an_outcome_is_told_by_its_kind_and_code_without_any_contents(
    outcome: QueryOutcome, said: str
) -> None:
    assert short_outcome(outcome_text(outcome)) == said


def test_a_delivery_that_was_not_tried_has_no_outcome() -> None:
    assert short_outcome(None) == ""


@pytest.mark.parametrize("text", ["[" * 4000 + "]" * 4000, "[5]", "5", '{"kind": [', "{}"])
def test_what_the_runtime_has_not_written_is_told_as_altered(text: str) -> None:
    assert short_outcome(text) == "altered"
