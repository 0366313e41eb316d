"""Single calls of webhooks against real receivers: the address that was checked is the one that is called."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from ipaddress import ip_network
from threading import Event
from typing import Any

import pytest

from hub.participants import webhook_call
from hub.participants.look_ups import LookUps
from hub.participants.webhook_call import Outcome, WebhookCall, new_secret, perform
from tests.support.plain_http import plain_http
from tests.support.receivers import receiver

FIRST, SECOND = "127.0.0.1", "127.0.0.2"


class Resolver:
    """The machine's look-up of names; each look-up gets the next of the answers, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver([FIRST])
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    return found


async def call(url: str, *allowed: str, look_ups: LookUps | None = None) -> Outcome:
    async with plain_http() as client:
        return await perform(
            client,
            look_ups or LookUps(),
            WebhookCall(url, new_secret(), "m1", 1, b"{}"),
            [ip_network(network) for network in allowed],
        )


async def test_a_name_that_changes_its_address_is_called_where_it_was_checked(resolver: Resolver) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(receiver(host=FIRST))
        second = await stack.enter_async_context(receiver(host=SECOND, port=first.port))
        resolver.answers, resolver.asked = [[FIRST], [SECOND]], []
        outcome = await call(f"http://rebound.example:{first.port}/hook", FIRST)
        assert (outcome, len(first.came), len(second.came)) == ("delivered", 1, 0)
        assert resolver.asked == ["rebound.example"], "one look-up, before the check"
        assert first.came[0][0]["host"] == f"rebound.example:{first.port}"
        assert await call(f"http://rebound.example:{first.port}/hook", FIRST) == "denied"
        assert not second.came


async def test_a_name_with_an_open_and_a_closed_address_is_not_called(resolver: Resolver) -> None:
    async with receiver(host=FIRST) as open_one, receiver(host=SECOND, port=open_one.port) as closed:
        resolver.answers = [[FIRST, SECOND]]
        assert await call(f"http://both.example:{open_one.port}/hook", FIRST) == "denied"
        assert not open_one.came
        assert not closed.came


async def test_a_vietnamese_name_is_looked_up_and_named_in_punycode(resolver: Resolver) -> None:
    async with receiver(host=FIRST) as receiving:
        resolver.asked = []
        assert await call(f"http://bộtàichính.vn:{receiving.port}/hook", FIRST) == "delivered"
        assert resolver.asked == ["xn--btichnh-9va4j8495a.vn"]
        assert receiving.came[0][0]["host"] == f"xn--btichnh-9va4j8495a.vn:{receiving.port}"


async def test_an_ipv6_address_is_called_and_named_in_brackets() -> None:
    async with receiver(host="::1") as receiving:
        assert await call(f"http://[::1]:{receiving.port}/hook", "::1/128") == "delivered"
        assert receiving.came[0][0]["host"] == f"[::1]:{receiving.port}"
        assert await call(f"http://[::1]:{receiving.port}/hook") == "denied"


@pytest.mark.parametrize(
    "answer", ["fec0::1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "5f00::1", "::127.0.0.1"]
)
async def test_an_address_that_embeds_another_is_denied(resolver: Resolver, answer: str) -> None:
    resolver.answers = [["2a00:1450::1", answer]]
    assert await call("http://embedding.example/hook", "127.0.0.0/8") == "denied"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks..example.vn/x",
        "http://" + "a" * 64 + ".vn/",
        "http://[::1/",
        "nonsense",
        "http://x\n.vn/",
    ],
)
async def test_what_is_no_url_is_unreachable(url: str) -> None:
    assert await call(url) == "unreachable"


async def test_names_whose_servers_do_not_answer_hold_up_no_other_call_and_no_thread_of_the_process(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_call, "_RESOLVE_S", 0.5)
    over, asked = Event(), []

    def silent(host: str, *_: Any, **__: Any) -> list[Any]:
        if not host.startswith("silent"):
            return resolver.getaddrinfo(host, 0)
        asked.append(host)
        over.wait(60)
        raise OSError

    look_ups = LookUps()
    async with receiver(host=FIRST) as receiving:
        monkeypatch.setattr(socket, "getaddrinfo", silent)
        try:
            urls = [f"http://silent-{number % 50}.example/hook" for number in range(100)]
            outcomes = await asyncio.gather(*(call(url, look_ups=look_ups) for url in urls))
            assert set(outcomes) == {"unreachable"}
            assert sorted(asked) == sorted(f"silent-{number}.example" for number in range(50)), "one a name"
            url = f"http://other.example:{receiving.port}/hook"
            assert await call(url, FIRST, look_ups=look_ups) == "delivered"
            assert await asyncio.wait_for(asyncio.to_thread(over.is_set), 20) is False
        finally:
            over.set()
