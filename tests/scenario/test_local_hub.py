"""`make up`: every process runs, the page shows how it is and what there is, traffic on demand, healing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from examples.traffic.lives import TOLD
from hub.embedded import stack as embedded
from hub.embedded.process import end
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry as participants
from hub.participants.own_users import is_let_in, read_password, write_password
from hub.participants.registry import Participant
from hub.settings import KafkaSettings
from tests.support.clients import Client
from tests.support.requests import APPLICANT, ONE_STOP, SUBMIT, submission
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually, within
from tools.local_site import Site

pytestmark = pytest.mark.long

LIMIT_S = 60.0
HUB = str(Path(sys.executable).parent / "hub")
_TROUBLE = re.compile(r'"level":"(?:WARNING|ERROR|CRITICAL)"|^(?:WARNING|ERROR)|Traceback')


def local_hub(action: str, home: Path) -> subprocess.CompletedProcess[str]:
    cache = os.environ.get("HUB_CACHE") or str(REPOSITORY / "var" / "cache")
    return subprocess.run(
        [sys.executable, "-m", "tools.local_hub", action],
        cwd=REPOSITORY, env=os.environ | {"HUB_HOME": str(home), "HUB_CACHE": cache},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Local:
    """The hub of `make up` in its home, and what was said when it started."""

    home: Path
    said: str


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """One hub for all tests here; each leaves it running."""
    folder = tmp_path_factory.mktemp("local") / "home"
    try:
        yield Local(folder, up_at(folder))
    finally:
        local_hub("down", folder)
        embedded.wipe(folder)


async def test_a_clean_start_logs_no_error_and_says_where_to_look(local: Local) -> None:
    home, said = local.home, local.said
    logs = home / "site" / "log"
    lines = [line for log in sorted(logs.glob("*.log")) for line in log.read_text("utf-8").splitlines()]
    assert [line for line in lines if _TROUBLE.search(line)] == []
    assert re.search(r"(?m)^stand-in population answers for: licences 60, agencies 000\.12\.34\.H07, ", said)

    async with page_of(said) as http:
        page = (await http.get("/")).text
        links = [unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
        processes = ["engine", "gateway", "public", "notices", "population", "portal", "postal", "typesetter"]
        assert len(links) == 3 + 2 * len(processes) + 6
        assert {link: (await http.get(link)).status_code for link in links} == dict.fromkeys(links, 200)
        assert "Every process works" in page
        assert (await http.get("/", headers={"host": "example.org"})).status_code == 400
        people = (await http.get(next(link for link in links if link.endswith("/_people")))).json()["people"]
        assert len(people) == 203
        assert people[0] | APPLICANT == people[0] | {"kind": "citizen"}, "the person of the guide"
        licences = (await http.get("/licences/population")).json()
        assert ONE_STOP in licences["agencies"]

    again = await up(home)
    stand_ins, others = 4, ["page", "Kafka", "PostgreSQL"]
    assert again.count("already running") == len([*processes, *others]) + stand_ins, again


async def test_a_dossier_is_found_by_each_of_its_names_and_nothing_personal_is_shown(local: Local) -> None:
    home = local.home
    async with page_of(local.said) as http:
        dossier = await lodge(home)

        async def is_listed() -> bool:
            page = (await http.get("/")).text
            return page.count(f"/dossier?name={dossier}") >= 2

        await eventually(is_listed, LIMIT_S, "the dossier among the newest, and its fact")
        for name in (dossier, dossier[:13], "ref:HS-0001", "HS-0001"):
            answer = await http.get("/dossier", params={"name": name})
            assert (answer.status_code, dossier in answer.text) == (200, True), name
            assert "dossier.submitted" in answer.text
            assert str(APPLICANT["name"]) not in answer.text
        for nobody in ("HS-9999", "<script>", "'", "\x00", ""):
            answer = await http.get("/dossier", params={"name": nobody})
            assert (answer.status_code, "<script>alert" in answer.text) == (404, False), nobody

        connection = await asyncpg.connect(embedded.up(home).postgres_dsn)
        try:
            alias = "ref:counter-a:HS-0001"
            mac = await connection.fetchval("select mac from alias where alias = $1", alias)
            await connection.execute("update alias set mac = $2 where alias = $1", alias, bytes(len(mac)))
            answer = await http.get("/dossier", params={"name": "HS-0001"})
            assert (answer.status_code, "hub verify" in answer.text) == (409, True)
            await connection.execute("update alias set mac = $2 where alias = $1", alias, mac)
        finally:
            await connection.close()


async def test_what_has_ended_or_hangs_is_red_until_make_up_and_prometheus_follows_it_to_its_new_port(
    local: Local,
) -> None:
    home = local.home
    async with page_of(local.said) as http:
        site = Site(home)
        before = targets(home)
        for name in ("adapter-postal", "sandbox-portal"):
            end(site.records()[name], [(signal.SIGKILL, 10.0)])
        os.kill(site.records()["gateway"].pid, signal.SIGSTOP)

        async def is_red() -> bool:
            page = (await http.get("/")).text
            red = re.findall(r'<li class="bad"><b>([\w-]+)</b>', page)
            return {"adapter-postal", "sandbox-portal", "gateway"} <= set(red) and "does not answer" in page

        await eventually(is_red, LIMIT_S, "all three in red")
        assert "gateway: ended, since it did not answer" in await up(home)
        after = targets(home)
        assert after.keys() == before.keys()
        assert after["engine-1"] == before["engine-1"]
        assert after["adapter-postal"] != before["adapter-postal"]
        assert after["gateway"] != before["gateway"]
        for name, address in after.items():
            answer = await http.get(f"http://{address}/metrics")
            assert (answer.status_code, "hub_" in answer.text) == (200, True), name


async def test_traffic_plays_each_life_as_the_law_says_and_is_seen_on_the_page(local: Local) -> None:
    home = local.home
    async with page_of(local.said) as http:
        done = await asyncio.to_thread(traffic, home, "--rate", "50", "--dossiers", str(len(TOLD)))
        assert done.returncode == 0, done.stdout + done.stderr
        line = done.stdout.splitlines()[-1]
        assert line.startswith(f"traffic: {len(TOLD)} dossiers, "), line
        for said in (", 1 of them again;", "rule.14.3 1", "security.id_reused 1", " 0 without an answer;"):
            assert said in line
        assert line.endswith("unexpected 0")
        for story in TOLD:
            assert f", {story.tell.__name__.replace('_', ' ')}, " in done.stdout

        page = (await http.get("/")).text
        assert int(re.findall(r'id="count-accepted"><b>(\d+)', page)[0]) > 100
        assert "<code>rule.14.3</code>" in page
        (code, *_) = re.findall(r"name=(000\.11\.01\.H07-\d{6}-\d{4})", page)
        life = (await http.get("/dossier", params={"name": code})).text
        assert "dossier.accepted" in life
        assert "Giả" not in life, "who is invented is sealed as well"


async def test_traffic_ends_politely_when_it_is_interrupted(local: Local) -> None:
    home = local.home
    command = [HUB, "sandbox", "traffic", "--home", str(home), "--rate", "20"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said: list[str] = []
    async with within(120):
        async for line in process.stdout:
            said.append(line.decode())
            if ": returned, " in said[-1]:
                process.send_signal(signal.SIGINT)
        status = await process.wait()
    assert status == 0, said
    assert said[-1].startswith("traffic: ")
    assert " 0 without an answer;" in said[-1]


async def test_make_up_heals_whatever_password_was_changed_or_lost(local: Local) -> None:
    home = local.home
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


async def up(home: Path) -> str:
    """`make up`; what it said."""
    return await asyncio.to_thread(up_at, home)


def up_at(home: Path) -> str:
    """The same, blocking."""
    said = local_hub("up", home)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


@asynccontextmanager
async def page_of(said: str) -> AsyncIterator[httpx.AsyncClient]:
    """The page, where `make up` said that it is."""
    found = re.search(r"(?m)^page of health, counts, dossiers and links: (http://127\.0\.0\.1:\d+)/$", said)
    assert found, said
    async with httpx.AsyncClient(base_url=found[1], timeout=20, trust_env=False) as http:
        yield http


def targets(home: Path) -> dict[str, str]:
    """Address of each target of Prometheus, by its name."""
    found = json.loads((home / "site" / "prometheus" / "targets.json").read_text("utf-8"))
    return {one["labels"]["instance"]: one["targets"][0] for one in found}


def traffic(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HUB, "sandbox", "traffic", "--home", str(home), *options],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


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
