"""The bounded call of all adapters, against real sockets: what each failure says of the effect."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.postal.tracking import parse_page
from hub.delivery.errors import CallError, EffectUnsureError, NoEffectError
from hub.delivery.http import MOST_VALUES, CallLimits, HttpCaller, Reply, outcome_after, retry_after_s
from hub.delivery.login import Token, Tokens, stale_from
from hub.delivery.outcome import RetryAt, Unknown

LIMITS = CallLimits(total_timeout_s=0.5, connect_timeout_s=0.5, retry_delay_s=3.0, max_body_bytes=1000)


@asynccontextmanager
async def server_that(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def sends(head: str, body: bytes = b"", *, length: int | None = None) -> Callable[..., Awaitable[None]]:
    async def answer(writer: asyncio.StreamWriter) -> None:
        size = len(body) if length is None else length
        lines = [f"HTTP/1.1 {head}", f"Content-Length: {size}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return answer


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.wait_for(writer.wait_closed(), 10)


async def drips(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def call(url: str, *, is_unpacked: bool = True) -> Reply:
    http = HttpCaller(LIMITS)
    try:
        return await http.send("op", "POST", url, content=b"{}", is_unpacked=is_unpacked)
    finally:
        await http.aclose()


async def failure_of(answer: Callable[..., Awaitable[None]]) -> CallError:
    async with server_that(answer) as url:
        with pytest.raises(CallError) as failed:
            await call(url)
    return failed.value


async def test_a_call_that_reached_nobody_has_no_effect() -> None:
    async with server_that(says_nothing) as url:
        pass
    with pytest.raises(NoEffectError, match=r"^op: ConnectError$") as failed:
        await call(url)
    assert failed.value.cause == "unreachable"
    assert outcome_after(failed.value) == RetryAt(3.0, "op: ConnectError")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (says_nothing, "timeout"),
        (drips, "timeout"),
        (sends("200 OK", b'{"do', length=50), "unreachable"),
        (sends("200 OK", b"x" * 1001), "too_large"),
        (sends("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"x" * 100_000, mtime=0)), "too_large"),
    ],
)
async def test_a_call_that_was_sent_and_not_answered_in_full_leaves_the_effect_open(
    answer: Callable[..., Awaitable[None]], cause: str
) -> None:
    error = await failure_of(answer)
    assert isinstance(error, EffectUnsureError)
    assert error.cause == cause
    assert isinstance(outcome_after(error), Unknown)
    assert "127.0.0.1" not in str(error)


def zeros(size: int) -> bytes:
    """So many MiB of zeros, packed."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size)) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip, gzip", gzip.compress(zeros(24), mtime=0)),
        ("gzip", zeros(24)),
        ("deflate", zlib.compress(bytes(24 << 20))),
        ("br", b"x"),
        ("gzip", b"x" * 900),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-8]),
    ],
)
async def test_a_packed_answer_costs_what_may_be_kept_and_not_what_it_stands_for(
    coding: str, body: bytes
) -> None:
    async with server_that(sends(f"200 OK\r\nContent-Encoding: {coding}", body)) as url:
        http = HttpCaller(CallLimits(10.0, 10.0, 3.0, max_body_bytes=1 << 16))
        tracemalloc.start()
        try:
            with pytest.raises(EffectUnsureError):
                await http.send("op", "POST", url, content=b"{}")
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
            await http.aclose()


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "identity"])
async def test_a_packed_answer_is_read(coding: str) -> None:
    body = b"{}" if coding == "identity" else gzip.compress(b"{}", mtime=0)
    async with server_that(sends(f"200 OK\r\nContent-Encoding: {coding}", body)) as url:
        assert (await call(url)).json_object() == {}


async def test_a_packed_answer_may_be_left_packed() -> None:
    packed = gzip.compress(b"x" * 100_000, mtime=0)
    async with server_that(sends("200 OK\r\nContent-Encoding: gzip", packed)) as url:
        assert (await call(url, is_unpacked=False)).body == packed


async def test_an_answer_is_a_reply_whatever_its_status_and_no_redirect_is_followed() -> None:
    async with server_that(sends("302 Found\r\nLocation: http://127.0.0.1:1/", b"moved")) as url:
        reply = await call(url)
    assert (reply.status, reply.body) == (302, b"moved")
    with pytest.raises(EffectUnsureError, match=r"^op: HTTP 302$"):
        reply.must_be_ok(frozenset(), 1.0)


@pytest.mark.parametrize(
    ("headers", "delay_s"),
    [({}, 5.0), ({"Retry-After": "7"}, 7.0), ({"Retry-After": "99999"}, 3600.0), ({"Retry-After": "0"}, 5.0)],
)
def test_what_was_not_taken_is_tried_again_after_the_pause_of_the_counterpart(
    headers: dict[str, str], delay_s: float
) -> None:
    with pytest.raises(NoEffectError, match=r"^op: HTTP 503$") as failed:
        Reply("op", 503, headers, b"").must_be_ok(frozenset({503}), 5.0)
    assert failed.value.delay_s == delay_s


@pytest.mark.parametrize("value", ["", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "٣", "inf"])
def test_a_pause_that_is_no_number_of_seconds_is_none(value: str) -> None:
    assert retry_after_s({"Retry-After": value}) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"text"', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_object_leaves_the_effect_open(body: bytes) -> None:
    with pytest.raises(EffectUnsureError, match=r"^op: answer is no"):
        Reply("op", 200, {}, body).json_object()


def test_an_answer_of_very_many_values_is_not_built() -> None:
    many = b'{"a":[' + b"{}," * (MOST_VALUES + 1) + b"{}]}"
    with pytest.raises(EffectUnsureError, match=r"^op: answer of over 500000 values$"):
        Reply("op", 200, {}, many).json_object()
    with pytest.raises(ValueError, match="too many values"):
        parse_page(b'{"_embedded":{"rh:doc":[' + b"{}," * (MOST_VALUES + 1) + b"{}]}}")


def test_a_token_is_left_before_it_ends() -> None:
    assert stale_from(100.0, 3600.0) == 3670.0
    assert stale_from(100.0, 10.0) == 105.0


class LogIns:
    """Counts log-ins, which wait until they are let through; `failure` is raised once."""

    def __init__(self, failure: CallError | None = None) -> None:
        self.count = 0
        self.failure = failure
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self) -> Token:
        self.count += 1
        number = self.count
        self.begun.set()
        await self.gate.wait()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return Token(f"token-{number}", 1000.0)


async def outcomes_of_many(tokens: Tokens, log_ins: LogIns) -> list[Token | BaseException]:
    waiting = [asyncio.create_task(tokens.current()) for _ in range(20)]
    await log_ins.begun.wait()
    log_ins.gate.set()
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_many_that_wait_cost_one_log_in() -> None:
    log_ins = LogIns()
    tokens = Tokens(log_ins, 5.0, clock=lambda: 0.0)
    assert await outcomes_of_many(tokens, log_ins) == [Token("token-1", 1000.0)] * 20
    assert log_ins.count == 1


@pytest.mark.parametrize("failure", [NoEffectError("token: HTTP 503", 9.0), EffectUnsureError("token: cut")])
async def test_a_log_in_that_fails_fails_for_all_who_waited_and_nothing_was_done(failure: CallError) -> None:
    log_ins = LogIns(failure)
    tokens = Tokens(log_ins, 5.0, clock=lambda: 0.0)
    found = await outcomes_of_many(tokens, log_ins)
    assert {type(error) for error in found} == {NoEffectError}
    assert {str(error) for error in found} == {str(failure)}
    assert log_ins.count == 1
    assert (await tokens.current()).value == "token-2"


async def test_a_log_in_that_is_cancelled_is_done_by_the_next_who_waits() -> None:
    log_ins = LogIns()
    tokens = Tokens(log_ins, 5.0, clock=lambda: 0.0)
    first, second = (asyncio.create_task(tokens.current()) for _ in range(2))
    await log_ins.begun.wait()
    first.cancel()
    log_ins.gate.set()
    assert (await second).value == "token-2"


async def test_a_refused_token_costs_one_new_one_and_one_more_try() -> None:
    log_ins = LogIns()
    log_ins.gate.set()
    tokens = Tokens(log_ins, 5.0, clock=lambda: 0.0)
    sent: list[str] = []

    async def send(token: Token) -> Reply:
        sent.append(token.authorization)
        return Reply("op", 401, {}, b"")

    assert (await tokens.call(send)).status == 401
    assert sent == ["Bearer token-1", "Bearer token-2"]
