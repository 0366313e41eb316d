"""The example of an agency over HTTPS, as a process: takes in what is forwarded, once, through every kill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateways import Site, Visitor, own_site
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long

TAKEN_IN = {"onestop.dossier.received.v1": 1, "onestop.case.assigned.v1": 1}


@dataclass
class Program:
    """One life of the case system; its journal outlives it."""

    process: Process
    journal: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Lines of the journal that begin with this word."""
        if not self.journal.exists():
            return []
        whole = self.journal.read_bytes().rpartition(b"\n")[0]
        return [line for line in map(json.loads, whole.splitlines()) if kind in line]

    async def enter(self, kind: str, subject: str, data: dict[str, Any]) -> None:
        """What an officer types."""
        assert self.process.stdin is not None
        self.process.stdin.write(
            json.dumps({"type": kind, "subject": subject, "data": data}).encode() + b"\n"
        )
        await self.process.stdin.drain()

    async def shown(self, kind: str) -> dict[str, Any]:
        """The next message of this type on its output."""
        assert self.process.stdout is not None
        async with within(40):
            while True:
                message: dict[str, Any] = json.loads(await self.process.stdout.readline())
                if message["type"] == kind:
                    return message

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running(visitor: Visitor, folder: Path, **environment: str) -> AsyncIterator[Program]:
    journal = folder / "agency.jsonl"
    own = {
        "GATEWAY_URL": str(visitor.client.base_url),
        "GATEWAY_TOKEN": visitor.token,
        "PARTICIPANT": visitor.name,
        "AGENCY_OFFICER": "chuyen-vien-thu:Chuyên Viên Thử",
        "AGENCY_JOURNAL": str(journal),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "examples.agency_over_https.app", cwd=REPOSITORY,
        env=os.environ | own | environment, stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    program = Program(process, journal)
    try:
        yield program
    finally:
        if process.returncode is None:
            await program.kill()


async def forwarded(counter: Visitor, population: Visitor, reference: str) -> str:
    """The id of a dossier that is on its way to the agency."""
    dossier: str = (await counter.receipt(SUBMIT, f"ref:{reference}", submission()))["dossier"]
    await counter.receipt(VERIFY, dossier, verification())
    asked = await population.message("onestop.identity.check_requested.v1", dossier)
    await population.receipt(REPORT_IDENTITY, dossier, identity_report(asked["data"]["check"]))
    for kind, data in ((ACCEPT, acceptance()), (FORWARD, {"officer": OFFICER, "to": AGENCY})):
        assert "facts" in await counter.receipt(kind, dossier, data)
    return dossier


async def facts_of(site: Site, dossier: str, source: Visitor) -> Counter[str]:
    """Types of the facts that came of this participant's requests."""
    rows = await site.hub.database.fetch(
        "select type from fact where dossier_id = $1::text::uuid"
        " and convert_from(bytes, 'UTF8')::jsonb ->> 'source' = $2",
        dossier,
        f"/participants/{source.name}",
    )
    return Counter(row["type"] for row in rows)


async def taken_in(site: Site, dossier: str, agency: Visitor) -> None:
    async def is_so() -> bool:
        return await facts_of(site, dossier, agency) == TAKEN_IN

    await eventually(is_so, 40, "the dossier to be taken in once", site.gateway.output)


async def test_what_is_forwarded_is_taken_in_and_what_an_officer_enters_is_sent(
    site: Site, counter: Visitor, agency: Visitor, population: Visitor, tmp_path: Path
) -> None:
    async with running(agency, tmp_path) as program:
        dossier = await forwarded(counter, population, "example-1")
        shown = await program.shown("onestop.dossier.forwarded.v1")
        assert shown["data"]["to"] == AGENCY
        await taken_in(site, dossier, agency)
        await program.enter("case.step", shown["dossier"], {"step": "Thẩm định hồ sơ"})

        async def is_progressed() -> bool:
            return (await facts_of(site, dossier, agency))["onestop.case.progressed.v1"] == 1

        await eventually(is_progressed, 20, "the officer's step")
        assert program.process.stdin is not None
        await eventually(lambda: len(program.lines("taken")) == 3, 20, "the answers in the journal")
        program.process.stdin.close()
        async with within(40):
            assert await program.process.wait() == 0
    assert await facts_of(site, dossier, agency) == {**TAKEN_IN, "onestop.case.progressed.v1": 1}


async def test_killed_before_its_answer_it_sends_the_same_again_and_nothing_happens_twice(
    site: Site, counter: Visitor, agency: Visitor, population: Visitor, tmp_path: Path
) -> None:
    dossier = await forwarded(counter, population, "example-2")
    await agency.message("onestop.dossier.forwarded.v1", dossier)
    engine = site.hub.processes[0]
    engine.signal(signal.SIGSTOP)
    try:
        async with running(agency, tmp_path) as program:
            await program.enter("case.step", "ref:nowhere", {"step": "Thẩm định hồ sơ"})
            await eventually(lambda: len(program.lines("sent")) >= 3, 20, "requests in the journal")
            await program.kill()
            unanswered = {line["sent"] for line in program.lines("sent")}
            assert not program.lines("taken")
    finally:
        engine.signal(signal.SIGCONT)
    with program.journal.open("ab") as cut:
        cut.write(b'{"taken": "a line that the crash has cut')
    async with running(agency, tmp_path) as program:
        await taken_in(site, dossier, agency)
        await eventually(
            lambda: {line["taken"] for line in program.lines("taken")} >= unanswered, 20, "all to be answered"
        )
        await eventually(lambda: bool(program.lines("cursor")), 20, "the cursor")
        await program.kill()
    async with running(agency, tmp_path) as program:
        later = await forwarded(counter, population, "example-3")
        await taken_in(site, later, agency)
    assert await facts_of(site, dossier, agency) == TAKEN_IN


async def test_a_gateway_that_is_away_is_asked_until_it_answers(
    site: Site, counter: Visitor, agency: Visitor, population: Visitor, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with own_site(site.hub, tmp_path, password=site.password, HUB_GATEWAY__PORT=str(port)) as own:
        there = await own.visitor(agency.name, agency.token)
        async with running(there, tmp_path) as program:
            await eventually(lambda: bool(program.lines("cursor")), 30, "a first look")
            await own.gateway.kill()
            dossier = await forwarded(counter, population, "example-4")
            assert program.process.stderr is not None
            said = await asyncio.wait_for(program.process.stderr.readline(), 20)
            assert b"once more in" in said
            own.gateway.start()
            await taken_in(site, dossier, agency)
            assert program.process.returncode is None


async def test_without_a_valid_token_it_ends(agency: Visitor, tmp_path: Path) -> None:
    async with running(agency, tmp_path, GATEWAY_TOKEN="a-token-that-nobody-has-drawn") as program:
        async with within(30):
            _, errors = await program.process.communicate()
        assert program.process.returncode == 1
        assert b"401" in errors
