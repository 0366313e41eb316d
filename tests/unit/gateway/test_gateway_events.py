"""Events over HTTP at the edges of the binding: quoted headers, what stands there twice, encoded bodies."""

from __future__ import annotations

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.bodies import check_plain
from hub.gateway.cloud_events import envelopes, read_batch, read_binary, read_structured
from hub.gateway.problems import ProblemError
from hub.inbound.json_event import BATCH, STRUCTURED

EVENT = {
    "specversion": "1.0", "id": "e1", "source": "/participants/a", "type": "t", "subject": "ref:1",
    "time": "2026-11-23T02:00:00Z", "data": {"id": "inner", "type": "inner"},
}  # fmt: skip
HEADERS = {f"ce-{name}": str(text) for name, text in EVENT.items() if name != "data"}


def in_headers(**changed: str) -> list[tuple[bytes, bytes]]:
    found = HEADERS | {name.replace("_", "-"): text for name, text in changed.items()}
    return [(b"content-type", b"application/json"), *((n.encode(), t.encode()) for n, t in found.items())]


def attribute(name: str, text: str) -> str:
    read = dict(read_binary("in.a", in_headers(**{f"ce_{name}": text}), b"{}").headers)
    return read[f"ce_{name}"].decode()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"X"', "X"), ("X", "X"), ('"1.0"', "1.0"), ("%58", "X"), ('"%58"', "X"), (r'"\X"', "X"),
        (r'"a\"b\\c"', r'a"b\c'), ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"), ('""', ""),
        ("100%", "100%"), ("%zz", "%zz"), ('"half', '"half'), ('a"b"', 'a"b"'), ('"a"b"', '"a"b"'),
        ("%2558", "%58"), ('"Mã%20số"', "Mã số"),
    ],
)  # fmt: skip
def test_a_header_is_read_by_the_http_binding(written: str, meant: str) -> None:
    assert attribute("id", written) == meant


def encoded_fully(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_quoted_encoded_and_plain_attributes_are_one_event() -> None:
    quoted = in_headers(**{name: f'"{text}"' for name, text in HEADERS.items()})
    encoded = in_headers(**{name: encoded_fully(text) for name, text in HEADERS.items()})
    read = [
        envelopes([read_binary("in.a", pairs, b"{}")], is_batch=False)[0]
        for pairs in (in_headers(), quoted, encoded)
    ]
    assert read[0] == read[1] == read[2]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_comes_out_of_its_quoted_form(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%25")
    assert attribute("id", f'"{escaped}"') == text


def problem_of(body: bytes, kind: str) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(ProblemError) as raised:
        _ = read_batch("in.a", body, 10) if kind == BATCH else read_structured("in.a", body)
    return raised.value.problem.code, raised.value.problem.fields


def told(pairs: list[tuple[bytes, bytes]]) -> tuple[str, list[dict[str, object]]]:
    with pytest.raises(ProblemError) as raised:
        envelopes([read_binary("in.a", pairs, b"{}")], is_batch=False)
    problem = raised.value.problem
    faults = [fault.model_dump(exclude_defaults=True) for fault in problem.faults]
    assert problem.fields == tuple(fault["path"] for fault in faults)
    return problem.code, faults


@pytest.mark.parametrize(
    ("changed", "code", "fault"),
    [
        ({"ce-subject": "a b"}, "envelope.wrong_attribute", {"path": "subject", "reason": "pattern"}),
        ({"ce-id": "x" * 65}, "envelope.wrong_attribute", {"path": "id", "reason": "length"}),
        ({"ce-time": "now"}, "envelope.bad_time", {"path": "time", "reason": "date"}),
        ({"ce-type": ""}, "envelope.missing_attribute", {"path": "type", "reason": "missing"}),
        ({"ce-subject": "083090000001"}, "envelope.identity_in_key",
         {"path": "subject", "reason": "identity_number"}),
        ({"ce-specversion": "1.1"}, "envelope.wrong_attribute",
         {"path": "specversion", "reason": "choice", "choices": ("1.0",)}),
    ],
)  # fmt: skip
def test_each_attribute_says_in_one_word_what_is_wrong_with_it(
    changed: dict[str, str], code: str, fault: dict[str, object]
) -> None:
    assert told(in_headers(**changed)) == (code, [fault])


def test_a_header_that_is_named_as_over_kafka_is_told_its_name() -> None:
    pairs = [(name.replace(b"ce-", b"ce_"), text) for name, text in in_headers()]
    code, faults = told(pairs)
    assert code == "envelope.missing_attribute"
    assert {"path": "id", "reason": "name", "others": ("ce-id",)} in faults
    assert len(faults) == 6


@pytest.mark.parametrize("name", sorted(EVENT))
def test_a_member_that_stands_there_twice_is_named(name: str) -> None:
    once = json.dumps(EVENT).encode()
    escaped = f'"\\u{ord(name[0]):04x}{name[1:]}"'.encode()
    for first in (json.dumps(name).encode(), escaped):
        twice = b"{" + first + b': "1", ' + once[1:]
        assert problem_of(twice, "") == ("envelope.repeated_attribute", (name,))
        assert problem_of(b"[" + once + b"," + twice + b"]", BATCH) == (
            "envelope.repeated_attribute", (f"[1].{name}",),
        )  # fmt: skip


def test_data_and_data_base64_exclude_each_other() -> None:
    both = json.dumps(EVENT | {"data_base64": "e30="}).encode()
    assert problem_of(both, "") == ("envelope.repeated_attribute", ("data_base64",))


def test_headers_beside_a_structured_event_must_say_the_same() -> None:
    body = json.dumps(EVENT).encode()
    same = read_structured("in.a", body, in_headers(ce_id='"%651"'))
    assert same == read_structured("in.a", body)
    with pytest.raises(ProblemError, match=r"envelope\.repeated_attribute") as raised:
        read_structured("in.a", body, in_headers(ce_id="e2", ce_environment="live"))
    assert raised.value.problem.fields == ("id", "environment")


@pytest.mark.parametrize("kind", [STRUCTURED, BATCH])
@pytest.mark.parametrize("name", [b"ce-id", b"content-type"])
def test_a_header_that_stands_twice_beside_whole_events_is_refused_by_its_name(
    kind: str, name: bytes
) -> None:
    twice = [(name, b"other"), (name, b"e1" if name == b"ce-id" else kind.encode())]
    one, some = json.dumps(EVENT).encode(), json.dumps([EVENT]).encode()
    read = partial(read_batch, "in.a", some, 10) if kind == BATCH else partial(read_structured, "in.a", one)
    with pytest.raises(ProblemError, match=r"envelope\.repeated_attribute") as raised:
        read(twice)
    assert raised.value.problem.fields == (name.decode().removeprefix("ce-"),)


@pytest.mark.parametrize("name", ["environment", "traceparent", "datacontenttype", "data_base64"])
def test_a_member_that_is_null_is_the_same_as_none(name: str) -> None:
    body = json.dumps(EVENT | {name: None}).encode()
    assert read_structured("in.a", body) == read_structured("in.a", json.dumps(EVENT).encode())


def test_what_stands_twice_in_the_data_is_the_models_matter() -> None:
    body = json.dumps(EVENT).encode().replace(b'{"id": "inner"', b'{"id": 1, "id": 2')
    assert read_structured("in.a", body).value.startswith(b'{"id": 1, "id": 2')  # type: ignore[union-attr]  # posted


def test_two_headers_of_one_attribute_are_refused_by_name() -> None:
    with pytest.raises(ProblemError, match=r"envelope\.repeated_attribute") as raised:
        envelopes([read_binary("in.a", [*in_headers(), (b"CE-ID", b"e1")], b"{}")], is_batch=False)
    assert raised.value.problem.fields == ("id",)


@pytest.mark.parametrize("codings", [["gzip"], ["br"], ["identity, gzip"], ["identity", "GZIP"], ["x"]])
def test_an_encoded_body_is_refused(codings: list[str]) -> None:
    with pytest.raises(ProblemError, match=r"http\.content_encoding") as raised:
        check_plain(codings)
    assert raised.value.problem.status == 415
    assert raised.value.problem.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("codings", [[], ["identity"], ["Identity"], [""]])
def test_a_plain_body_is_taken(codings: list[str]) -> None:
    check_plain(codings)
