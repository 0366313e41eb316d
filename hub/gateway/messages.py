"""GET /v1/messages: the participant's own `out.` messages, polled by cursor or as a stream of events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.gateway.callers import Caller
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.cursor import read_cursor, write_cursor
from hub.gateway.guard import TAKEN
from hub.gateway.problems import Problem, ProblemError
from hub.gateway.telling import Told, tell
from hub.logs import log
from hub.postgres.away import reason_of
from hub.process.supervise import AWAY, is_away

EVENT_STREAM = "text/event-stream"
MAX_WAIT_S = 30
MAX_MESSAGES = 500
ALIVE = b": alive\n"
"""One line: httpx-sse makes an empty event of a blank one wherever an id has gone before."""
_SLICE_S = 1.0
_PASSING_S = 5.0
"""How much longer than it was asked to a poll may take to get behind what is passed over."""
_MAX_BYTES = 8 << 20


async def answer(
    parts: GatewayContext, request: Request, *, cursor: str | None, wait_s: float, limit: int
) -> Response:
    """One piece of the feed, or with `Accept: text/event-stream` the feed as long as the client stays."""
    caller = caller_of(request)
    is_stream = EVENT_STREAM in request.headers.get("accept", "")
    cursor = (request.headers.get("last-event-id") if is_stream else None) or cursor
    request.scope[TAKEN].enter_context(_place(parts, caller))
    offsets = await _offsets(parts, caller, cursor)
    if is_stream:
        await request.body()  # one that never comes is refused now, and not in the midst of the answer
        # A stream that begins and then ends makes its client come again with the same cursor, for ever.
        await parts.feed.check_kept(parts.out_topic(caller), offsets)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(_stream(parts, caller, offsets), headers=headers, media_type=EVENT_STREAM)
    wait_s = min(wait_s, parts.settings.max_wait_s)
    places = await _next(parts, caller, offsets, wait_s=wait_s, limit=limit)
    for place in places:
        offsets[place.partition] = place.following
    events = [place.event for place in places if place.event is not None]
    body = {"messages": events, "cursor": write_cursor(caller.name, offsets)}
    return Response(msgspec.json.encode(body), media_type="application/json")


async def _offsets(parts: GatewayContext, caller: Caller, cursor: str | None) -> dict[int, int]:
    """Where to read on: partitions that the cursor does not know are read from their start."""
    given = read_cursor(caller.name, cursor) if cursor else {}
    known = {number: offset for number, offset in given.items() if number < caller.partitions}
    if len(known) == caller.partitions:
        return known
    return await parts.feed.starts(parts.out_topic(caller), caller.partitions) | known


@contextmanager
def _place(parts: GatewayContext, caller: Caller) -> Iterator[None]:
    """One of the feeds that a participant may have open; taken before anything waits."""
    if parts.feeds[caller.name] >= parts.settings.max_feeds:
        raise ProblemError("http.too_many_feeds", headers={"retry-after": "5"})
    parts.feeds[caller.name] += 1
    parts.metrics.feeds.inc()
    try:
        yield
    finally:
        parts.feeds[caller.name] -= 1
        parts.metrics.feeds.dec()


async def _next(
    parts: GatewayContext, caller: Caller, offsets: dict[int, int], *, wait_s: float, limit: int
) -> list[Told]:
    """Waits in slices, so that a stop of the gateway or of the caller's rights ends it soon.

    Moves `offsets` behind what is passed over, and goes on there.
    """
    started_at = time.monotonic()
    while True:
        now = time.monotonic()
        left_s = started_at + wait_s - now
        found = await parts.feed.read(
            parts.out_topic(caller),
            offsets,
            limit=limit,
            max_bytes=_MAX_BYTES,
            wait_s=max(0.0, min(_SLICE_S, left_s)),
        )
        places = tell(found, caller.name, parts.metrics)
        is_over = not _may_go_on(parts, caller) or left_s <= (_SLICE_S if not places else -_PASSING_S)
        if is_over or any(place.event is not None for place in places):
            return places
        for place in places:
            offsets[place.partition] = place.following


def _may_go_on(parts: GatewayContext, caller: Caller) -> bool:
    return not parts.stopping.is_set() and parts.callers.is_valid(caller)


async def _stream(parts: GatewayContext, caller: Caller, offsets: dict[int, int]) -> AsyncIterator[bytes]:
    yield b": open\n"
    begin = b"retry: 1000\n"
    while _may_go_on(parts, caller):
        try:
            places = await _next(parts, caller, offsets, wait_s=parts.settings.alive_s, limit=100)
        except ProblemError as error:
            yield _named("problem", error.problem.encoded())
            return
        except AWAY as error:
            if not is_away(error):
                raise
            log("feed_waits", error=reason_of(error), participant=caller.name)
            yield _named("problem", Problem("gateway.unavailable").encoded())
            return
        if not places:
            yield ALIVE
        for place in places:
            offsets[place.partition] = place.following
            if place.event is not None:
                cursor = f"id: {write_cursor(caller.name, offsets)}\n".encode()
                yield begin + cursor + _named("message", msgspec.json.encode(place.event))
                begin = b""


def _named(event: str, data: bytes) -> bytes:
    lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines())
    return f"event: {event}\n".encode() + lines + b"\n"
