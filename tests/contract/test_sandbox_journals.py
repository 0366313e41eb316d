"""Each sandbox has its line on disk before it answers: by the order of system calls, and by SIGKILL."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import pytest

from adapters.population_db.sandbox_state import Journal as PopulationJournal
from adapters.sandbox_kit.journal import Journal as PostalJournal
from hub.delivery.adapter import Adapter, OutMessage
from hub.delivery.outcome import Delivered
from tests.contract import population_world as population
from tests.contract import postal_world as postal

WATCHED = """
import json, os, runpy, socket, sys, threading

log = open(sys.argv.pop(1), "ab", buffering=0)
steps = os.fsync, socket.socket.send

def note(step):
    log.write(json.dumps(step).encode() + b"\\n")

def fsync(descriptor):
    steps[0](descriptor)
    note({"step": "fsync", "file": os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))})

def send(connection, data, *rest):
    note({"step": "send", "head": bytes(data[:12]).decode("latin-1")})
    return steps[1](connection, data, *rest)

os.fsync, socket.socket.send = fsync, send
sys.modules["uvloop"] = None
module = sys.argv.pop(1)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
"""Runs a sandbox on plain asyncio; its fsync notes itself after, its answers before they go out."""


def steps(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "steps").read_bytes().splitlines()]


def watched(folder: Path) -> tuple[str, ...]:
    script = folder / "watched.py"
    script.write_text(WATCHED, encoding="utf-8")
    return (sys.executable, str(script), str(folder / "steps"))


def assert_effect_is_synced_first(folder: Path) -> None:
    """The answer of the effect is the last one; directly before its first byte the journal was synced."""
    done = [(step["step"], step.get("file") or step["head"][:8]) for step in steps(folder)]
    answer = max(place for place, step in enumerate(done) if step == ("send", "HTTP/1.1"))
    assert done[answer - 1] == ("fsync", "journal.jsonl")
    assert done.count(("fsync", "journal.jsonl")) == 1


async def test_the_postal_sandbox_syncs_an_order_before_it_answers(tmp_path: Path) -> None:
    async with postal.postal_world(tmp_path, command=watched(tmp_path)) as (adapter, control):
        assert isinstance(await adapter.deliver(control.message_ok()), Delivered)
        assert_effect_is_synced_first(tmp_path)


async def test_the_population_sandbox_syncs_a_question_before_it_answers(tmp_path: Path) -> None:
    async with population.population_world(tmp_path, command=watched(tmp_path)) as (adapter, control):
        assert isinstance(await adapter.deliver(control.message_ok()), Delivered)
        assert_effect_is_synced_first(tmp_path)


async def test_what_the_postal_sandbox_answered_is_there_after_a_kill_in_that_moment(tmp_path: Path) -> None:
    async with postal.postal_world(tmp_path) as (adapter, control):
        message = control.message_ok()
        assert isinstance(await adapter.deliver(message), Delivered)
        control.process.kill()
        await control.process.wait()
    async with postal.postal_world(tmp_path) as (adapter, control):
        assert isinstance(await adapter.query(message), Delivered)
        assert len(control.effects(message)) == 1


async def test_what_the_population_sandbox_answered_is_there_after_a_kill_in_that_moment(
    tmp_path: Path,
) -> None:
    async with population.population_world(tmp_path) as (adapter, control):
        message = control.message_ok()
        await _answered(adapter, message)
        control.process.kill()
        await control.process.wait()
        check = json.loads(message.data)["check"]
        assert [entry["outcome"] for entry in control.effects(check)] == ["match"]


async def _answered(adapter: Adapter, message: OutMessage) -> None:
    assert isinstance(await adapter.deliver(message), Delivered)


@pytest.mark.parametrize("kind", ["postal", "population"])
def test_a_journal_returns_only_after_the_disk_has_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "journal.jsonl"
    seen: list[bytes] = []
    monkeypatch.setattr("os.fsync", lambda _descriptor: seen.append(path.read_bytes()))
    _write_effect(kind, path)
    assert len(seen) == 1
    assert seen[0].endswith(b"\n")
    assert json.loads(seen[0])["kind"] == "effect"


def _write_effect(kind: str, path: Path) -> None:
    if kind == "postal":
        with contextlib.closing(PostalJournal(path)) as journal:
            journal.append({"kind": "effect"})
        return
    with contextlib.closing(PopulationJournal(path)) as other:
        other.write("effect", postal.FACT_TIME, {"request_id": "check-1"})
