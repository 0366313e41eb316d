"""POST /v1/events and GET /v1/receipts/{id}: publish, wait for the commit, answer with the receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hub.facts.integrity import StoreKey
from hub.facts.message import Message
from hub.gateway import cloud_events
from hub.gateway.bodies import check_plain
from hub.gateway.callers import Caller
from hub.gateway.cloud_events import BINARY, Posted
from hub.gateway.context import GatewayContext, caller_of
from hub.gateway.problems import Problem, ProblemError
from hub.gateway.receipt_wait import StoredReceipt
from hub.inbound.attributes import media_type
from hub.inbound.envelope import Envelope
from hub.inbound.json_event import BATCH, STRUCTURED
from hub.kafka.client import KafkaError
from hub.logs import log
from schemas.receipt import RECEIPT_ACCEPTED, Fault

_RETRY = {"retry-after": "1"}
_LARGE_BYTES = 64 << 10
RawHeaders = Sequence[tuple[bytes, bytes]]
Outcome = Message | Problem | None
"""The receipt, or a refusal of the gateway's own, or None: not decided yet."""


async def post(parts: GatewayContext, request: Request) -> Response:
    """Take one event or a batch; nothing of a batch is published when one of it is no envelope."""
    caller = caller_of(request)
    topic = parts.in_topic(caller)
    kind = media_type(request.headers.get("content-type", "")) or BINARY
    if kind not in (BINARY, STRUCTURED, BATCH):
        fault = Fault(path="content-type", reason="choice", choices=(BINARY, STRUCTURED, BATCH))
        raise ProblemError("http.media_type", faults=(fault,))
    check_plain(request.headers.getlist("content-encoding"))
    body = await _body(parts, caller, request)
    try:
        posted, envelopes = await _read(parts, topic, kind, request.headers.raw, body)
    except ProblemError:
        await parts.budget.count_refused(caller.name, len(body))
        raise
    parts.budget.owe_events(caller.name, max(0, len(posted) - 1))
    outcomes = await _decided(parts, caller, posted, envelopes)
    for outcome in outcomes:
        parts.metrics.events.labels(caller.name, _word(outcome)).inc()
    if kind == BATCH:
        return _batch_answer(envelopes, outcomes)
    return _answer(envelopes[0].id, outcomes[0], is_structured=kind == STRUCTURED)


async def _body(parts: GatewayContext, caller: Caller, request: Request) -> bytes:
    """The body, taken from the participant's budget as one event: what was announced before it is read."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdigit() else 0
    parts.budget.take_event(caller.name, size)
    body = await request.body()
    if len(body) > size:
        parts.budget.take_bytes(caller.name, len(body) - size)
    return body


async def _read(
    parts: GatewayContext, topic: str, kind: str, headers: RawHeaders, body: bytes
) -> tuple[list[Posted], list[Envelope]]:
    """The events of a body; a large one is read beside the loop, which goes on serving others."""
    read = partial(_events, topic, kind, headers, body, parts.settings.max_batch_events)
    return await asyncio.to_thread(read) if len(body) > _LARGE_BYTES else read()


def _events(
    topic: str, kind: str, headers: RawHeaders, body: bytes, max_events: int
) -> tuple[list[Posted], list[Envelope]]:
    if kind == BATCH:
        posted = cloud_events.read_batch(topic, body, max_events, headers)
    elif kind == STRUCTURED:
        posted = [cloud_events.read_structured(topic, body, headers)]
    else:
        posted = [cloud_events.read_binary(topic, headers, body)]
    return posted, cloud_events.envelopes(posted, is_batch=kind == BATCH)


async def receipt(parts: GatewayContext, request: Request, request_id: str, wait_s: float) -> Response:
    """The receipt of a request that this participant sent, now or within `wait_s`."""
    key = (caller_of(request).name, request_id)
    limit_s = min(wait_s, parts.settings.max_wait_s)
    found = await parts.inbox.wait([key], limit_s) if limit_s else {}
    answered = found.get(key) or (await parts.inbox.read([key])).get(key)
    if answered is None:
        raise ProblemError("receipt.unknown", headers=_RETRY)
    is_structured = STRUCTURED in request.headers.get("accept", "")
    return _answer(request_id, answered.receipt, is_structured=is_structured)


async def _decided(
    parts: GatewayContext, caller: Caller, posted: Sequence[Posted], envelopes: Sequence[Envelope]
) -> list[Outcome]:
    try:
        await parts.publisher.publish(posted)
    except (KafkaError, TimeoutError) as error:
        log("publish_failed", error=type(error).__name__, participant=caller.name)
        raise ProblemError("gateway.unavailable", headers={"retry-after": "2"}) from None
    keys = {(caller.name, envelope.id) for envelope in envelopes}
    found = await parts.inbox.wait(keys, parts.settings.receipt_wait_s)
    return [_outcome(envelope, found.get((caller.name, envelope.id)), parts.key) for envelope in envelopes]


def _outcome(envelope: Envelope, answered: StoredReceipt | None, key: StoreKey) -> Outcome:
    if answered is None:
        return None
    if not key.is_repeat(answered.digest, envelope.digest):
        return Problem("security.id_reused", ("id",))
    return answered.receipt


def _word(outcome: Outcome) -> str:
    if outcome is None:
        return "pending"
    if isinstance(outcome, Problem):
        return "id_reused"
    return "accepted" if dict(outcome.headers).get("ce_type") == _ACCEPTED else "refused"


_ACCEPTED = RECEIPT_ACCEPTED.encode()


def receipt_url(request_id: str) -> str:
    """Where the receipt will be."""
    return f"/v1/receipts/{quote(request_id, safe='')}"


def _answer(request_id: str, outcome: Outcome, *, is_structured: bool) -> Response:
    if outcome is None:
        url = receipt_url(request_id)
        body = msgspec.json.encode({"request": request_id, "receipt_url": url})
        return Response(body, 202, _RETRY | {"location": url}, media_type=BINARY)
    if isinstance(outcome, Problem):
        return Response(outcome.encoded(), outcome.status, outcome.http_headers())
    if is_structured:
        return Response(msgspec.json.encode(cloud_events.structured(outcome)), media_type=STRUCTURED)
    return Response(outcome.value, headers=cloud_events.http_headers(outcome))


def _batch_answer(envelopes: Sequence[Envelope], outcomes: Sequence[Outcome]) -> Response:
    answers = [_member(envelope.id, outcome) for envelope, outcome in zip(envelopes, outcomes, strict=True)]
    status = 202 if None in outcomes else 200
    return Response(msgspec.json.encode({"answers": answers}), status, media_type=BINARY)


def _member(request_id: str, outcome: Outcome) -> dict[str, object]:
    if outcome is None:
        return {"id": request_id, "status": 202, "receipt_url": receipt_url(request_id)}
    if isinstance(outcome, Problem):
        return {"id": request_id, "status": outcome.status, "problem": outcome.body()}
    return {"id": request_id, "status": 200, "receipt": cloud_events.structured(outcome)}
