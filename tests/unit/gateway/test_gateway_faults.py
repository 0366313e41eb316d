"""Unit tests: what is away is a 503 of the gateway, a bug of ours a counted 500, wherever it is raised."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from asyncpg.exceptions import _base
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from hub.documents.reason import DocumentsAwayError
from hub.gateway.api import name_problems
from hub.gateway.callers import Callers
from hub.gateway.guard import Guard
from hub.gateway.metrics import GatewayMetrics
from hub.http.answer import Application, Message
from hub.http.connection import CONNECTION
from hub.kafka.client import KafkaError
from hub.settings import GatewaySettings

AWAY = [
    asyncpg.ConnectionDoesNotExistError("gone"),
    asyncpg.InterfaceError("connection is closed"),
    DocumentsAwayError("bucket"),
    KafkaError(),
    TimeoutError(),
]
BUGS = [
    _base.DataError("invalid input for query argument $1"),
    asyncpg.InterfaceError.__subclasses__()[0]("wrong use"),
    asyncpg.UndefinedColumnError("no such column"),
    KeyError("x"),
]


def below(error: Exception) -> Application:
    """An application below the named problems, as the endpoints are."""
    api = FastAPI(openapi_url=None)
    name_problems(api)

    @api.get("/openapi.json")
    async def fail() -> None:
        raise error

    return cast("Application", api)


def beside(error: Exception) -> Application:
    """What is raised around the endpoints."""

    async def fail(*_: Any) -> None:
        raise error

    return fail


async def status(application: Application, metrics: GatewayMetrics) -> int:
    """Of one request of somebody who may read the contract only."""
    connection = SimpleNamespace(peer_certificate=None, forget=lambda: None)
    scope: Message = {
        "type": "http", "method": "GET", "path": "/openapi.json", "headers": [], "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "scheme": "http", CONNECTION: connection,
    }  # fmt: skip
    told: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    guard = Guard(application, cast("Callers", None), GatewaySettings(), 1, metrics)
    await guard(scope, receive, send)
    return told[0]


def faults(metrics: GatewayMetrics) -> float:
    return float(metrics.faults._value.get())


@pytest.mark.parametrize("around", [below, beside])
@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
async def test_what_does_not_answer_is_a_503_and_no_fault(error: Exception, around: Any) -> None:
    metrics = GatewayMetrics(CollectorRegistry())
    assert (await status(around(error), metrics), faults(metrics)) == (503, 0)


@pytest.mark.parametrize("around", [below, beside])
@pytest.mark.parametrize("error", BUGS, ids=lambda error: type(error).__name__)
async def test_a_bug_is_a_500_and_counted_whatever_it_derives_from(error: Exception, around: Any) -> None:
    metrics = GatewayMetrics(CollectorRegistry())
    assert (await status(around(error), metrics), faults(metrics)) == (500, 1)
