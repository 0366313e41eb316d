"""What operators type, on a hub with real traffic."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.embedded.stack import StackAddress
from tests.support.clients import Received
from tests.support.hubs import Hub, own_hub
from tests.support.requests import (
    ACCEPT,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually


async def hub_command(hub: Hub, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli.main", *arguments,
        cwd=REPOSITORY, env=hub.environment | {"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_a_replay_sends_the_same_messages_with_the_same_ids_and_bytes(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        population = await hub.join("population", ["population"])
        await hub.start_engine()
        await counter.ask(SUBMIT, "ref:hs-1", submission())
        await counter.ask(VERIFY, "ref:hs-1", verification())
        asked = await population.fact("identity.check_requested")
        await population.ask(
            REPORT_IDENTITY, asked.headers["ce_subject"], identity_report(asked.data["check"])
        )
        accepted = await counter.ask(ACCEPT, "ref:hs-1", acceptance())
        assert accepted.data["code"].startswith("000.12.34.H07-")
        await counter.fact("dossier.accepted")
        first = list(counter.inbox)
        assert any("Nguyễn Văn Thử" in message.value.decode() for message in first)

        status, output = await hub_command(hub, "replay", "counter-a", "--receipts")
        assert (status, output.strip()) == (0, f"{len(first)} messages sent again to out.counter-a")
        await eventually(lambda: len(counter.inbox) == 2 * len(first), 20, "the replayed messages")
        assert sorted(map(_identity, counter.inbox[len(first) :])) == sorted(map(_identity, first))


async def test_dead_letters_are_listed_shown_and_resolved(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.start_engine()
        await counter.ask(SUBMIT, "ref:hs-1", b"{no json")  # type: ignore[arg-type]  # bytes on purpose
        letter = await hub.database.fetchval("select id from dead_letter")
        status, listed = await hub_command(hub, "dead-letters", "list")
        assert status == 0
        assert "envelope.no_json" in listed
        status, shown = await hub_command(hub, "dead-letters", "show", str(letter))
        assert status == 0
        assert "{no json" in shown
        viewed = await hub.database.fetchrow("select action, target from operator_action")
        assert tuple(viewed or ()) == ("dead_letter.viewed", str(letter))
        assert (await hub_command(hub, "dead-letters", "resolve", str(letter)))[0] == 0
        assert await hub.database.fetchval("select record from dead_letter where id = $1", letter) == b""
        assert (await hub_command(hub, "dead-letters", "show", str(letter)))[0] == 1


async def test_a_dead_letter_whose_bytes_were_dropped_stays_listed_until_it_is_resolved(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await hub.database.execute(
            "insert into dead_letter (topic, partition, at_offset, received_at, reason, record, dropped_at)"
            " values ('in.counter-a', 0, 1, '2026-01-01T00:00Z', 'envelope.no_json', '', '2026-04-01T00:00Z')"
        )
        status, listed = await hub_command(hub, "dead-letters", "list")
        assert (status, "dropped: their time was over" in listed) == (0, True)
        status, said = await hub_command(hub, "dead-letters", "show", "1")
        assert status == 1
        assert said.startswith("hub: the bytes of dead letter 1 were dropped at 2026-04-01T")
        assert (await hub_command(hub, "dead-letters", "resolve", "1"))[0] == 0
        assert "in.counter-a" not in (await hub_command(hub, "dead-letters", "list"))[1]


async def test_offsets_are_listed_and_a_running_partition_has_no_gap_to_accept(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        await hub.start_engine()
        await counter.ask(SUBMIT, "ref:hs-1", submission())
        status, listed = await hub_command(hub, "offsets", "list")
        assert status == 0
        assert f"{hub.prefix}in.counter-a" in listed
        status, said = await hub_command(hub, "offsets", "accept", f"{hub.prefix}in.counter-a", "0")
        assert (status, "is not stopped" in said) == (1, True)


async def test_a_redrive_of_a_dossier_that_is_not_parked_is_refused_in_one_line(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        nobody = "00000000-0000-8000-8000-000000000000"
        status, said = await hub_command(hub, "redrive", nobody, "--reason", "a test")
        assert (status, said.strip()) == (1, f"hub: nothing of {nobody} is parked")


def _identity(message: Received) -> tuple[str, str, bytes, tuple[tuple[str, str], ...]]:
    return message.headers["ce_id"], message.key, message.value, tuple(sorted(message.headers.items()))
