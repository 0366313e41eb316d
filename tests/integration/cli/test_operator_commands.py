"""What operators type, on a hub with real traffic."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.embedded.stack import StackAddress
from tests.support.clients import Received
from tests.support.hub_commands import SURE, hub_command
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
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """One for all tests, with an engine; each test has a counter of its own."""
    async with own_hub(stack, tmp_path_factory.mktemp("commands")) as opened:
        await opened.start_engine()
        yield opened


async def test_a_replay_sends_the_same_messages_with_the_same_ids_and_bytes(hub: Hub) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    population = await hub.join("population", ["population"])
    await counter.ask(SUBMIT, "ref:hs-1", submission())
    await counter.ask(VERIFY, "ref:hs-1", verification())
    asked = await population.fact("identity.check_requested")
    await population.ask(REPORT_IDENTITY, asked.headers["ce_subject"], identity_report(asked.data["check"]))
    accepted = await counter.ask(ACCEPT, "ref:hs-1", acceptance())
    assert accepted.data["code"].startswith("000.12.34.H07-")
    await counter.fact("dossier.accepted")
    first = list(counter.inbox)
    assert any("Nguyễn Văn Thử" in message.value.decode() for message in first)

    status, output = await hub_command(hub.environment, "replay", "counter-a", "--receipts", *SURE)
    assert (status, output.strip()) == (0, f"{len(first)} messages sent again to out.counter-a")
    await eventually(lambda: len(counter.inbox) == 2 * len(first), 20, "the replayed messages")
    assert sorted(map(_identity, counter.inbox[len(first) :])) == sorted(map(_identity, first))


async def test_dead_letters_are_listed_shown_and_resolved(hub: Hub) -> None:
    counter = await hub.join("counter-b", ["counter"], [ONE_STOP])
    await counter.ask(SUBMIT, "ref:hs-1", b"{no json")  # type: ignore[arg-type]  # bytes on purpose
    letter = await hub.database.fetchval("select id from dead_letter where resolved_at is null")
    status, listed = await hub_command(hub.environment, "dead-letters", "list")
    assert status == 0
    assert "envelope.no_json" in listed
    status, shown = await hub_command(hub.environment, "dead-letters", "show", str(letter))
    assert status == 0
    assert "{no json" in shown
    viewed = await hub.database.fetch("select action from operator_action where target = $1", str(letter))
    assert [row["action"] for row in viewed] == ["dead_letter.viewed"]
    assert (await hub_command(hub.environment, "dead-letters", "resolve", str(letter), *SURE))[0] == 0
    assert await hub.database.fetchval("select record from dead_letter where id = $1", letter) == b""
    assert (await hub_command(hub.environment, "dead-letters", "show", str(letter)))[0] == 1


async def test_a_dead_letter_whose_bytes_were_dropped_stays_listed_until_it_is_resolved(hub: Hub) -> None:
    letter = await hub.database.fetchval(
        "insert into dead_letter (topic, partition, at_offset, received_at, reason, record, dropped_at)"
        " values ('in.counter-gone', 0, 1, '2026-01-01T00:00Z', 'envelope.no_json', '', '2026-04-01T00:00Z')"
        " returning id"
    )
    status, listed = await hub_command(hub.environment, "dead-letters", "list")
    assert (status, "dropped: their time was over" in listed) == (0, True)
    status, said = await hub_command(hub.environment, "dead-letters", "show", str(letter))
    assert status == 1
    assert said.startswith(f"hub: the bytes of dead letter {letter} were dropped at 2026-04-01T")
    assert (await hub_command(hub.environment, "dead-letters", "resolve", str(letter), *SURE))[0] == 0
    assert "in.counter-gone" not in (await hub_command(hub.environment, "dead-letters", "list"))[1]


async def test_offsets_are_listed_and_a_running_partition_has_no_gap_to_accept(hub: Hub) -> None:
    counter = await hub.join("counter-c", ["counter"], [ONE_STOP])
    await counter.ask(SUBMIT, "ref:hs-1", submission())
    status, listed = await hub_command(hub.environment, "offsets", "list")
    assert status == 0
    assert f"{hub.prefix}in.counter-c" in listed
    status, said = await hub_command(
        hub.environment, "offsets", "accept", f"{hub.prefix}in.counter-c", "0", *SURE
    )
    assert (status, "is not stopped" in said) == (1, True)


async def test_a_redrive_of_a_dossier_that_is_not_parked_is_refused_in_one_line(hub: Hub) -> None:
    nobody = "00000000-0000-8000-8000-000000000000"
    status, said = await hub_command(hub.environment, "redrive", nobody, "--reason", "a test")
    assert (status, said.strip()) == (1, f"hub: no dossier {nobody}: hub dossier find lists the newest")


def _identity(message: Received) -> tuple[str, str, bytes, tuple[tuple[str, str], ...]]:
    return message.headers["ce_id"], message.key, message.value, tuple(sorted(message.headers.items()))
