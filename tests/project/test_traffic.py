"""`hub sandbox traffic` without a hub: what it refuses in one line, and what it would play."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import islice, repeat
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from adapters.population_db.sandbox_people import People, generate_people
from examples.demo.case import Case, World
from examples.demo.desk import Desk, Traffic
from examples.demo.members import OVER_HTTPS
from examples.demo.plan import Story
from examples.demo.stand_ins import StandIns
from examples.traffic import player as player_module
from examples.traffic.lives import COUNTER, TOLD, citizens_of, plan_of, stories
from examples.traffic.paced import RealTime
from examples.traffic.player import Played, Player, Stage, Wanted
from tests.support.stack import REPOSITORY

HUB = str(Path(sys.executable).parent / "hub")


def traffic(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [HUB, "sandbox", "traffic", "--home", str(home), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("is_noted", [False, True])
def test_where_no_hub_of_make_up_runs_one_line_says_what_to_do(tmp_path: Path, is_noted: bool) -> None:
    if is_noted:  # and was stopped since
        (tmp_path / "site").mkdir()
        noted = {"root": str(REPOSITORY), "python": sys.executable}
        (tmp_path / "site" / "checkout.json").write_text(json.dumps(noted), "utf-8")
    done = traffic(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hub: no hub of `make up`")
    assert "make up" in line.partition(": ")[2]


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    done = traffic(tmp_path, "--for", "soon")
    assert (done.returncode, done.stderr) == (2, "hub: --for soon: a number and s, m or h, as 10m\n")


def test_each_life_is_played_once_before_any_is_played_again() -> None:
    chance = Random(1)  # noqa: S311  a simulation
    drawn = list(islice(stories(chance), 3 * len(TOLD)))
    assert drawn[: len(TOLD)] == list(TOLD)
    people = citizens_of(People(generate_people()).listed())
    assert len(people) == 200, "nobody of the guide"
    for number, story in enumerate(drawn, start=1):
        plan = plan_of(number, story, people[number], chance)
        assert story.fits(plan.procedure)
        assert plan.channel in plan.procedure.channels


def test_the_last_line_tells_what_was_sent_and_how_it_was_answered() -> None:
    traffic = Traffic(requests=5, answers=3)
    traffic.count_refusal({"code": "rule.14.3", "message_vi": "…"})
    played = Played(traffic, dossiers=2, repeats=1)
    played.ends.update({"returned": 1, "open": 1})
    assert played.line() == (
        "traffic: 2 dossiers, 5 requests sent, 1 of them again; 2 accepted, 1 refused (rule.14.3 1), "
        "1 without an answer; dossiers returned 1, open 1; unexpected 0"
    )


async def test_a_life_that_ends_with_a_dead_stand_in_is_told_and_a_bug_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def meets_nobody(_: Case) -> None:
        raise httpx.ConnectError("nobody listens")

    async def meets_a_bug(_: Case) -> None:
        raise KeyError("code")

    said: list[str] = []
    stage = Stage("", "counter", "agency", {}, {}, tmp_path)
    player = Player(stage, Wanted(rate=100, dossiers=9), said.append, seed=1)
    desks = cast("dict[str, Desk]", dict.fromkeys((COUNTER, "agency", OVER_HTTPS), SimpleNamespace(name="x")))
    world = World(RealTime(), desks, cast("StandIns", None), None, said.append)
    people = citizens_of(People(generate_people()).listed())
    await player._life(world, Story(meets_nobody), people)
    assert player.played.problems == ["dossier 1 (meets_nobody): nobody listens"]
    assert len(people) == 200, "whoever lodged is free again"

    monkeypatch.setattr(player_module, "stories", lambda _: repeat(Story(meets_a_bug)))
    with pytest.raises(KeyError):
        await player._lives(world, people, asyncio.Event())
