"""The door of a hosted adapter: it opens, says where, closes in order, and a taken address ends the start."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from ipaddress import IPv4Network

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.delivery.http_server import serve_door
from hub.errors import StartupError
from hub.http.metrics import HttpMetrics
from tests.support.waiting import within


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", _hello)])


async def serving(port: int, on_port: Callable[[int], None], *, is_open: bool = False) -> None:
    await serve_door(
        APP,
        "127.0.0.1",
        port,
        on_port,
        name="portal",
        metrics=HttpMetrics(CollectorRegistry()),
        callers=[IPv4Network("127.0.0.1/32")],
        is_open=is_open,
    )


async def open_door(port: int = 0, *, is_open: bool = False) -> tuple[asyncio.Task[None], int]:
    opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serving(port, opened.set_result, is_open=is_open))
    async with within(10):
        return task, await opened


async def close(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_door_answers_until_it_is_closed_and_then_frees_its_address() -> None:
    task, port = await open_door()
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).text == "hello"
    await close(task)
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{port}/")
    again, same = await open_door(port)
    assert same == port
    await close(again)


async def test_an_address_that_is_taken_ends_the_start_with_one_line() -> None:
    task, port = await open_door()
    with pytest.raises(StartupError, match=f"127.0.0.1:{port}"):
        await serving(port, lambda _: None)
    await close(task)


@pytest.mark.parametrize("is_open", [False, True])
async def test_who_is_not_in_the_list_is_let_in_only_where_something_is_open_to_all(is_open: bool) -> None:
    task, port = await open_door(is_open=is_open)
    stranger = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(trust_env=False, transport=stranger) as http:
        if is_open:
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "hello"
        else:
            with pytest.raises(httpx.TransportError):
                await http.get(f"http://127.0.0.1:{port}/")
    await close(task)
