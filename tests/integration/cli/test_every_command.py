"""What holds for every command of the program, found by going through its parser."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping

import pytest

from hub.embedded.stack import StackAddress
from hub.kafka import admin
from tests.support.every_command import (
    AS_ROLE,
    LISTS_AND_SHOWS,
    NAMES_NONE,
    NAMES_NOTHING,
    NOBODY,
    OF_THIS_MACHINE,
    commands,
    typed,
)
from tests.support.hub_commands import SURE
from tests.support.hubs import Hub, own_hub
from tests.support.matters import settlement
from tests.support.requests import AGENCY, ONE_STOP, SUBMIT, submission
from tests.support.stack import REPOSITORY
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

DELIVERY = """
insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at, outcome)
values ('postal', 'm-1', $1, 1, 'onestop.pickup.ordered.v1', $1, now(), '{}', 'dead', now(),
        '{"kind": "retry", "delay_s": 1, "why": "HTTP 503"}')
"""


HOSTILE = "x\x1b]0;own\x07\x9b31m\u202e {why} %s"
ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
ALTERED = (
    "insert into operator_action (at, operator, action, target, reason) values ('infinity', $1, $1, $1, $1)",
    "insert into delivery_pause (adapter, why, paused_by, paused_at) values ('postal', $1, $1, '-infinity')",
    """insert into delivery_gap (adapter, topic, partition, first, next, seen_at)
    values ('postal', $1, 0, -9223372036854775807, 9223372036854775807, '290000-01-01')""",
    """insert into redrive (dossier_id, operator, reason, done_at, outcome)
    select id, $1, $1, '4700-01-01 BC', $1 from dossier""",
    """insert into parked_request (dossier_id, participant, request_id, reason, record, parked_at)
    select id, $1, $1, $1, '', 'infinity' from dossier""",
    "insert into unheard_agency (agency, dossiers, dossier) values ($1, 1, gen_random_uuid())",
    "insert into blocked_message (topic, shard, payload, blocked_at) values ($1, 0, '', 'infinity')",
    "insert into participant (name, roles, organisations, partitions) values ($1, array[$1], '{}', 1)",
    "insert into intake_offset (topic, partition, topic_id, next, stopped) values ('in.gone', 0, '', 1, $1)",
    """insert into delivery
    (adapter, id, dossier, sequence, type, subject, time, data, first_at, ended_at, outcome)
    select 'postal', 'm-2', id::text, 1, $1, $1, '200000-01-01', '', 'infinity', 'infinity', '5'
    from dossier limit 1""",
)


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """A used hub: a dossier, a matter, a dead letter, a parked request, a delivery that was given up."""
    async with own_hub(stack, tmp_path_factory.mktemp("every"), partitions=1) as opened:
        counter = await opened.join("counter-a", ["counter"], [ONE_STOP])
        await opened.start_engine()
        receipt = await counter.ask(SUBMIT, "ref:hs-1", submission())
        fees = settlement(organisation=ONE_STOP, agency=AGENCY)
        settled = await counter.ask(fees.type, "ref:q3", fees.model_dump(mode="json"))
        assert settled.data.get("facts"), settled.data
        await counter.ask(SUBMIT, "ref:hs-2", b"{no json")  # type: ignore[arg-type]  # bytes on purpose
        await opened.database.execute(DELIVERY, receipt.data["dossier"])
        yield opened


@pytest.fixture
def administrator(hub: Hub) -> dict[str, str]:
    """The settings with which an operator works."""
    return hub.environment | {
        "HUB_KAFKA__USER": hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": hub.address.kafka_admin_password,
    }


def is_one_line(errors: str) -> bool:
    told = errors.startswith("hub") and len(errors.splitlines()) == 1
    return told and not any(word in errors for word in ("Traceback", "a bug"))


async def refused(
    patched: pytest.MonkeyPatch, environment: Mapping[str, str], name: str, words: tuple[str, ...]
) -> str:
    """Run a command that cannot work; what it says in its one line."""
    status, _, errors = await typed(patched, environment, *name.split(), *words)
    assert (status in {1, 2}, is_one_line(errors)) == (True, True), (name, status, errors)
    return errors


def test_every_command_is_tried_below() -> None:
    known = {name for name, _ in commands()} - set(AS_ROLE)
    assert known == NAMES_NOTHING.keys() | NAMES_NONE
    assert known >= OF_THIS_MACHINE | LISTS_AND_SHOWS.keys()


def test_what_lists_or_shows_takes_json() -> None:
    words = {"list", "show", "find", "status", "timeline", "doctor", "failures", "lag", "actions", "verify"}
    for name, command in commands():
        has_json = any("--json" in one.opts for one in command.params)
        assert has_json == (name in LISTS_AND_SHOWS), name
        assert has_json or name.split()[-1] not in words, name


async def test_a_name_that_is_not_there_is_one_line(
    hub: Hub, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, words in NAMES_NOTHING.items():
        await refused(monkeypatch, administrator, name, words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("redrive", "nope", "--reason", "x"), "no dossier nope: hub dossier find"),
        (("redrive", "000.12.34.H07-261123-0001", "--reason", "x"), "no dossier 000.12.34.H07-261123-0001"),
        (("redrive", NOBODY, "--reason", "x"), f"no dossier {NOBODY}"),
        (("replay", "nobody", *SURE), "no participant nobody: hub participants list"),
        (("deliveries", "list", "nope"), "no adapter nope; installed: notices, population, portal, postal"),
        (("dead-letters", "show", "99999999999999999999"), "less than or equal to"),
        (("participants", "remove", "counter-a"), "--reason is needed"),
        (("participants", "remove", "counter-a", "--reason", "x"), "give --yes"),
    ],
)
async def test_a_mistake_is_told_with_what_to_do(
    hub: Hub,
    administrator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    assert said in await refused(monkeypatch, administrator, words[0], words[1:])


async def test_missing_settings_are_one_line_with_the_way_to_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, _ in commands():
        if name in OF_THIS_MACHINE or name.split()[0] in {"embedded", *AS_ROLE}:
            continue
        errors = await refused(monkeypatch, {}, name, NAMES_NOTHING.get(name, ()))
        looks_first = {
            "participants certificate", "due list", "forms preview", "forms register", "report 766",
        }  # fmt: skip
        if name not in looks_first:  # at its words
            assert "HUB_POSTGRES__DSN" in errors, name
            assert errors.endswith('eval "$(hub embedded env)"\n'), name


async def test_a_database_or_a_broker_that_is_away_is_one_line(
    hub: Hub, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "_CHECK_S", 0.1)
    away = {
        "HUB_POSTGRES__DSN": "postgresql://nobody:x@127.0.0.1:1/hub",
        "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    }
    status, output, errors = await typed(monkeypatch, administrator | away, "doctor")
    lines = {line.split()[1]: line.split()[0] for line in output.splitlines()}
    assert (status, errors, lines["postgresql:"], lines["kafka:"]) == (1, "", "failed", "failed")
    assert (lines["topics:"], lines["master_key:"]) == ("?", "ok"), "the others are looked at"
    asks_nobody = {"law list", "forms check", "forms list", "doctor", "report 766"}
    for name, _ in commands():
        if name in OF_THIS_MACHINE | asks_nobody or name.split()[0] in {
            "embedded",
            *AS_ROLE,
        }:
            continue
        await refused(monkeypatch, administrator | away, name, NAMES_NOTHING.get(name, ()))
    for name in ("offsets accept", "replay", "participants rotate"):
        words = tuple("counter-a" if word == "nobody" else word for word in NAMES_NOTHING[name])
        no_broker = administrator | {"HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1"}
        assert "kafka" in (await refused(monkeypatch, no_broker, name, words)).lower()


async def test_json_is_valid_and_has_whole_values(
    hub: Hub, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await hub.database.fetchval("select id from dead_letter")
    made = {"LETTER": str(letter), "ADAPTER": "postal", "DELIVERY": "m-1"}
    for name, words in LISTS_AND_SHOWS.items():
        line = (*name.split(), *(made.get(word, word) for word in words), "--json")
        if name == "embedded status":
            line = (*line, "--home", str(hub.folder))
        status, output, errors = await typed(monkeypatch, administrator, *line)
        assert status in {0, 1}, (name, errors)
        found = json.loads(output)
        assert isinstance(found, list | dict), name
        assert len(output.splitlines()) == 1, name


async def test_a_table_reads_on_a_terminal_of_80_columns_and_is_whole_in_a_pipe(hub: Hub) -> None:
    for words in (("deliveries", "list"), ("offsets", "list"), ("participants", "list")):
        screen = await asyncio.to_thread(on_a_terminal, hub.environment, words, "")
        assert max(map(len, screen.splitlines())) <= 80, screen
        assert "…" not in screen
    screen = await asyncio.to_thread(on_a_terminal, hub.environment, ("deliveries", "list"), "")
    assert "onestop.pickup.ordered.v1" in screen


async def test_what_cannot_be_taken_back_is_asked_and_recorded(hub: Hub) -> None:
    letter = await hub.database.fetchval("select id from dead_letter where resolved_at is null")
    words = ("dead-letters", "resolve", str(letter))
    said = await asyncio.to_thread(on_a_terminal, hub.environment, words, "sender rang\nn\n")
    assert "nothing was done" in said
    assert await hub.database.fetchval("select resolved_at from dead_letter where id = $1", letter) is None
    said = await asyncio.to_thread(on_a_terminal, hub.environment, words, "sender rang\ny\n")
    assert f"dead letter {letter} resolved" in said
    action = await hub.database.fetchrow(
        "select operator, action, target, reason from operator_action order by id desc"
    )
    assert action is not None
    assert tuple(action)[1:] == ("dead_letter.resolved", str(letter), "sender rang")
    assert action["operator"]


def on_a_terminal(environment: Mapping[str, str], words: tuple[str, ...], typed: str) -> str:
    """What a command shows on a terminal of 80 columns, with what is typed into it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli.main", *words], cwd=REPOSITORY,
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**environment, "PATH": "/usr/bin:/bin", "COLUMNS": "80", "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while piece := _read(ours):
        shown += piece
    process.wait(60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last one who had it open has ended
        return b""


async def test_nothing_that_others_wrote_gives_orders_to_the_terminal_or_ends_a_command(
    hub: Hub, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await hub.join("counter-b", ["counter"], [ONE_STOP])
    place = await other.publish_raw([(HOSTILE, HOSTILE.encode())], None, b"no event")
    letter = (
        "select id from dead_letter where topic like '%in.counter-b' and partition = $1 and at_offset = $2"
    )

    async def is_kept() -> bool:
        return await hub.database.fetchval(letter, *place) is not None

    await eventually(is_kept, 30, "the dead letter")
    for statement in ALTERED:
        arguments = (HOSTILE,) if "$1" in statement else ()
        await hub.database.execute(statement, *arguments)
    made = {
        "LETTER": str(await hub.database.fetchval(letter, *place)), "ADAPTER": "postal", "DELIVERY": "m-1",
    }  # fmt: skip
    for name, words in LISTS_AND_SHOWS.items():
        if name.split()[0] == "embedded":
            continue
        line = (*name.split(), *(made.get(word, word) for word in words))
        for more in ((), ("--json",)):
            status, output, errors = await typed(monkeypatch, administrator, *line, *more)
            assert not ORDERS.search(output + errors), (line, output)
            assert "a bug" not in errors, (line, errors)
            assert status == 0 or name in {"doctor", "failures", "verify"}, (line, errors)


@pytest.mark.parametrize(
    ("typed_words", "offered"), [("hub par", "participants"), ("hub participants rem", "remove")]
)
def test_the_shell_completes_commands(typed_words: str, offered: str) -> None:
    words = {"COMP_WORDS": typed_words, "COMP_CWORD": str(len(typed_words.split()) - 1)}
    completed = subprocess.run(
        [sys.executable, "-m", "hub.cli.main"], cwd=REPOSITORY, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "_HUB_COMPLETE": "complete_bash", **words},
    )  # fmt: skip
    assert completed.stdout.split() == [offered]


def test_the_version_is_one_line() -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "hub.cli.main", "--version"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.startswith("hub 0.")
