"""The pure parts of the gateway: buckets, cursors, events over HTTP, problems, addresses of webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import StartupError
from hub.facts.message import Message, cloud_event
from hub.gateway import cloud_events
from hub.gateway.cloud_events import Posted, envelopes, read_batch, read_binary, read_structured
from hub.gateway.cursor import read_cursor, write_cursor
from hub.gateway.problems import Problem, ProblemError, _own_texts, text_of
from hub.http.buckets import Buckets
from hub.http.door_tls import check_tls
from hub.participants.webhook_call import WebhookCall, signature
from hub.settings import GatewaySettings


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    buckets = Buckets(rate_per_s=2, burst=3)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 0.0) == 0.5
    assert buckets.take("b", 0.0) == 0, "another participant has its own"
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == 0.5
    assert [buckets.take("a", 100.0) for _ in range(4)] == [0, 0, 0, 0.5], "no more than the burst is saved"


def test_a_bucket_owes_what_became_known_afterwards() -> None:
    buckets = Buckets(rate_per_s=2, burst=1)
    buckets.owe("a", 5)
    assert buckets.take("a", 0.0) == 0, "nobody owes who has taken nothing"
    buckets.owe("a", 5)
    assert buckets.take("a", 0.0) == 3


def test_the_bucket_asked_longest_ago_is_forgotten_when_there_are_many() -> None:
    buckets = Buckets(rate_per_s=1, burst=1, max_keys=10)
    for number in range(100):
        buckets.take("often", float(number * 5))
        buckets.take(str(number), float(number * 5))
    assert list(buckets._buckets) == [*(str(number) for number in range(91, 99)), "often", "99"]


@given(st.dictionaries(st.integers(0, 500), st.integers(0, 1 << 60), max_size=20))
def test_a_cursor_says_what_was_written_to_its_participant_only(offsets: dict[int, int]) -> None:
    text = write_cursor("counter-a", offsets)
    assert read_cursor("counter-a", text) == offsets
    with pytest.raises(ProblemError, match=r"feed\.cursor"):
        read_cursor("counter-b", text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    with pytest.raises(ProblemError, match=r"feed\.cursor"):
        read_cursor("counter-a", text)


def status_of(read: Callable[[], list[Posted]]) -> int:
    """200 for what the engine could read, else that of the problem."""
    try:
        envelopes(read(), is_batch=True)
    except ProblemError as error:
        return error.problem.status
    return 200


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_events(body: bytes) -> None:
    assert status_of(lambda: [read_structured("in.a", body)]) in {400, 413, 415}
    assert status_of(lambda: read_batch("in.a", body, 10)) in {200, 400, 413, 415}


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40)), max_size=8))
def test_no_headers_break_the_reading_of_binary_mode(headers: list[tuple[bytes, bytes]]) -> None:
    pairs = [*headers, (b"ce-subject", b"%D0")]
    assert status_of(lambda: [read_binary("in.a", pairs, b"{}")]) in {400, 415}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["", " ", "\n\t "]), JSON)
def test_data_is_taken_as_it_stands(space: str, data: object) -> None:

    written = json.dumps(data, indent=1, ensure_ascii=bool(space)).encode()
    body = b'{"data":' + space.encode() + written + space.encode() + b', "id" : "1"}'
    assert read_structured("in.a", body).value == written


def test_data_in_base64_becomes_its_bytes() -> None:
    assert read_structured("in.a", b'{"data_base64": "eyJhIjogMX0="}').value == b'{"a": 1}'
    with pytest.raises(ProblemError, match=r"http\.no_cloud_event"):
        read_structured("in.a", b'{"data_base64": "***"}')


def test_attributes_go_out_percent_encoded_and_come_in_again() -> None:
    subject = 'Mã "số" 100%'
    headers = cloud_event(
        event_id="1", source="/participants/hub", event_type="t", subject=subject, time="z", extensions=()
    )
    sent = cloud_events.http_headers(Message("out.a", "ref:Mã", headers, b"{}"))
    assert sent["ce-subject"].isascii()
    assert sent["ce-partitionkey"] == "ref:M%C3%A3"
    assert sent["ce-source"] == "/participants/hub"
    pairs = [(name.encode(), content.encode()) for name, content in sent.items()]
    assert dict(read_binary("in.a", pairs, b"").headers)["ce_subject"] == subject.encode()


def test_every_problem_has_both_languages_and_a_status_of_a_refusal() -> None:
    codes = [*_own_texts(), "envelope.no_json", "envelope.too_large", "security.id_reused"]
    for code in codes:
        text = text_of(code)
        assert 400 <= text.status <= 503
        assert all(
            part and part == part.strip() for part in (text.vi, text.en, text.advice_vi, text.advice_en)
        )
        assert text.vi != text.en
    assert Problem("envelope.no_json", ("data",)).body()["fields"] == ["data"]


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's reference libraries."""
    call = WebhookCall(
        "https://receiver.test/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330, b'{"test": 2432232314}',
    )  # fmt: skip
    assert signature(call) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("host", ["192.0.2.1", "hub.example", "::"])
def test_without_tls_only_loopback_is_served_and_only_in_test(host: str) -> None:
    check_tls(GatewaySettings(host="127.0.0.1"), "test", "HUB_GATEWAY")
    check_tls(GatewaySettings(host="::1"), "test", "HUB_GATEWAY")
    with pytest.raises(StartupError, match="without TLS"):
        check_tls(GatewaySettings(host=host), "test", "HUB_GATEWAY")
    with pytest.raises(StartupError, match="without TLS"):
        check_tls(GatewaySettings(host="127.0.0.1"), "live", "HUB_GATEWAY")
