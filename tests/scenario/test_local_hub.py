"""`make up`: every process runs, the page links to what answers, and shows facts as they come."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from hub.embedded import stack as embedded
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry as participants
from hub.participants.own_users import is_let_in, read_password, write_password
from hub.participants.registry import Participant
from hub.settings import KafkaSettings
from tests.support.clients import Client
from tests.support.requests import APPLICANT, ONE_STOP, SUBMIT, submission
from tests.support.stack import REPOSITORY

LIMIT_S = 20.0
_TROUBLE = re.compile(r'"level":"(?:WARNING|ERROR|CRITICAL)"|^(?:WARNING|ERROR)|Traceback')


def local_hub(action: str, home: Path) -> subprocess.CompletedProcess[str]:
    cache = os.environ.get("HUB_CACHE") or str(REPOSITORY / "var" / "cache")
    return subprocess.run(
        [sys.executable, "-m", "tools.local_hub", action],
        cwd=REPOSITORY, env=os.environ | {"HUB_HOME": str(home), "HUB_CACHE": cache},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    try:
        yield folder
    finally:
        local_hub("down", folder)
        embedded.wipe(folder)


async def test_the_page_of_a_running_hub_links_to_what_answers_and_shows_each_fact(home: Path) -> None:
    said = await asyncio.to_thread(local_hub, "up", home)
    assert said.returncode == 0, said.stdout + said.stderr
    found = re.search(r"(?m)^page of links, with the last facts: (http://127\.0\.0\.1:\d+)/$", said.stdout)
    assert found, said.stdout
    async with httpx.AsyncClient(base_url=found[1], timeout=10, trust_env=False) as http:
        page = (await http.get("/")).text
        links = [unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
        assert len(links) == 2 + 2 * len(["engine", "population", "postal", "portal", "gateway"]) + 4
        assert {link: (await http.get(link)).status_code for link in links} == dict.fromkeys(links, 200)
        assert (await http.get("/", headers={"host": "example.org"})).status_code == 400

        first, live = await asyncio.gather(lodge(home), next_fact(http))
        assert live == {"type": "onestop.dossier.submitted.v1", "time": live["time"], "dossier": first[:8]}
        assert await next_fact(http) == live, "a page that is opened later begins with the last facts"

        people = (await http.get(next(link for link in links if link.endswith("/_people")))).json()["people"]
        assert len(people) == 201
        assert people[0] | APPLICANT == people[0] | {"kind": "citizen"}, "the person of the guide"

    logs = home / "site" / "log"
    lines = [line for log in sorted(logs.glob("*.log")) for line in log.read_text("utf-8").splitlines()]
    assert [line for line in lines if _TROUBLE.search(line)] == [], "a clean start logs no error"

    again = await asyncio.to_thread(local_hub, "up", home)
    assert again.stdout.count("already running") == 11, again.stdout
    assert found[1] in again.stdout


async def test_make_up_heals_whatever_password_was_changed_or_lost(home: Path) -> None:
    said = await asyncio.to_thread(local_hub, "up", home)
    assert said.returncode == 0, said.stdout + said.stderr
    credentials = home / "site" / "credentials"
    admin = KafkaAdmin(administrator(home))

    env_file = home / "hub.env"
    write_password(env_file, "hub", await asyncio.to_thread(admin.set_password, "hub"))  # hub setup --rotate
    await asyncio.to_thread(admin.set_password, "population")  # hub participants rotate population
    again = await asyncio.to_thread(local_hub, "up", home)
    assert (again.returncode, ended(again.stdout)) == (0, {"engine-1", "adapter-population"}), again.stdout

    for lost in (env_file, credentials / "hub.password", credentials / "portal.password"):
        lost.unlink()
    (credentials / "hub.gateway.password").write_text("", "utf-8")  # killed while it was written
    again = await asyncio.to_thread(local_hub, "up", home)
    healed = {"engine-1", "adapter-portal", "gateway"}
    assert (again.returncode, ended(again.stdout)) == (0, healed), again.stdout
    for user in ("hub", "population", "portal", "hub.gateway", "hub.page"):
        known = (credentials / f"{user}.password").read_text("utf-8")
        assert await asyncio.to_thread(is_let_in, admin.settings, user, known), user
    assert read_password(env_file, "hub") == (credentials / "hub.password").read_text("utf-8")


def ended(said: str) -> set[str]:
    """The programs that were started again because their password was no longer taken."""
    return set(re.findall(r"(?m)^(\S+): ended, since it ran with an old password$", said))


def administrator(home: Path) -> KafkaSettings:
    address = embedded.up(home)
    return KafkaSettings(
        bootstrap=address.kafka_bootstrap,
        user=address.kafka_admin_user,
        password=SecretStr(address.kafka_admin_password),
    )


async def next_fact(http: httpx.AsyncClient) -> dict[str, str]:
    """The first fact of the live flow; nothing personal comes with it."""
    async with asyncio.timeout(LIMIT_S), http.stream("GET", "/flow") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                assert str(APPLICANT["name"]) not in line
                fact: dict[str, str] = json.loads(line.removeprefix("data: "))
                return fact
    raise AssertionError("the flow ended")


async def lodge(home: Path) -> str:
    """A counter joins and lodges a dossier; returns its id."""
    address = embedded.up(home)
    admin = KafkaAdmin(administrator(home))
    connection = await asyncpg.connect(address.postgres_dsn)
    counter = Participant("counter-a", ("counter",), (ONE_STOP,), 2)
    store_key = MasterKey.from_file(home / "master.key").store
    password = await participants.add(admin, connection, store_key, counter)
    await connection.close()
    async with Client(address.kafka_bootstrap, "", "counter-a", password) as client:
        receipt = await client.ask(SUBMIT, "ref:HS-0001", submission())
    return str(receipt.data["dossier"])
