"""Test support: what a participant runs to be called by webhook; it can fail, and keeps what came."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.waiting import eventually


@dataclass(slots=True)
class Receiver:
    """`answers` are given first, each once, then 200; `taken` is what was answered with 200."""

    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    async def call(self, request: Request) -> Response:
        body = await request.body()
        self.came.append((dict(request.headers), body))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.append(orjson.loads(body))
        return Response(status_code=status, headers={"location": "/elsewhere"})


def expected_signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """By the text of Standard Webhooks, written without the hub's code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


@asynccontextmanager
async def receiver(*answers: int, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver, on a free port unless one is named."""
    found = Receiver(list(answers))
    app = Starlette(routes=[Route("/hook", found.call, methods=["POST"])])

    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="off", ws="none")
    )
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # signals are ours
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started, 10, "the receiver")
        found.port = server.servers[0].sockets[0].getsockname()[1]
        yield found
    finally:
        server.should_exit = True
        await task
