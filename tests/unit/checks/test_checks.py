"""Findings of the checks, as pure functions, and what a role does with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hub.checks.check import Check, Finding, look, must_hold
from hub.checks.law import calendar_findings, catalogue_findings
from hub.checks.machine import disk_findings
from hub.checks.store import _apart, clock_finding
from hub.checks.topics import findings, topics_of
from hub.checks.watch import CheckMetrics, CheckWatch
from hub.errors import StartupError
from hub.kafka.topics import DIRECTORY, FACTS, IN, OUT, kept, reasons_to_stop
from hub.regulation.lawbook import load_book
from hub.regulation.published import Publication, of_book

GIB = 1 << 30
RIGHT = {"unclean.leader.election.enable": "false", "retention.bytes": "-1"}


def a_check(*found: Finding, ends_start: bool = True, error: Exception | None = None) -> Check:
    async def found_now() -> Sequence[Finding]:
        if error is not None:
            raise error
        return found

    return Check("weather", "the sky", found_now, ends_start)


async def test_a_failing_check_ends_a_start_in_one_line_with_its_remedy() -> None:
    wrong = Finding("it rains", "take an umbrella")
    with pytest.raises(StartupError, match="weather: it rains; take an umbrella"):
        await must_hold([a_check(), a_check(wrong)])
    await must_hold([a_check(wrong, ends_start=False), a_check()])


async def test_a_server_that_is_away_is_unknown_and_neither_right_nor_wrong() -> None:
    outcome = await look(a_check(error=ConnectionRefusedError("password=secret")))
    assert (outcome.is_ok, outcome.findings) == (False, ())
    assert outcome.unknown is not None
    assert "secret" not in outcome.unknown
    await must_hold([a_check(error=ConnectionRefusedError())])


async def test_the_metric_follows_the_check_and_stays_while_nobody_can_look() -> None:
    now: list[Check] = [a_check(Finding("it rains", "wait"))]

    async def found_now() -> Sequence[Finding]:
        return await now[0].look()

    registry = CollectorRegistry()
    watch = CheckWatch([Check("weather", "the sky", found_now)], CheckMetrics(registry), 0)
    for check, expected in ((now[0], 1), (a_check(error=TimeoutError()), 1), (a_check(), 0)):
        now[0] = check
        await watch.step()
        assert registry.get_sample_value("hub_check_failed", {"check": "weather"}) == expected


@pytest.mark.parametrize(
    ("free", "total", "is_found"),
    [
        (3 * GIB, 1000 * GIB, False),
        (GIB, 1000 * GIB, True),
        (GIB, 10 * GIB, False),
        (GIB // 4, 10 * GIB, True),
    ],
)
def test_a_disk_is_too_full_below_two_gib_or_a_twentieth(free: int, total: int, *, is_found: bool) -> None:
    assert bool(disk_findings(Path("documents"), free, total)) is is_found


def test_days_off_have_to_be_known_for_eighteen_months() -> None:
    assert calendar_findings(date(2027, 12, 31), date(2026, 7, 1)) == []
    (found,) = calendar_findings(date(2027, 12, 31), date(2026, 7, 2))
    assert "2027-12-31" in found.reason


def test_clocks_are_apart_by_what_the_two_looks_cannot_explain() -> None:
    assert _apart(10.0, 10.5, 11.0) == 0
    assert _apart(10.0, 14.0, 11.0) == 3
    assert _apart(10.0, 7.0, 11.0) == -3
    assert "4 s behind" in clock_finding("the broker", -4).reason


def test_topics_made_by_the_hub_are_right_and_each_change_is_found() -> None:
    made = {
        "x.in.hub": RIGHT | IN,
        "x.in.a": RIGHT | IN | kept(GIB),
        "x.out.a": RIGHT | OUT | kept(GIB),
        "x.dossier.facts": RIGHT | FACTS,
        "x.hub.heartbeat": RIGHT,
        "x.directory": RIGHT | DIRECTORY,
    }
    wanted = topics_of("x.", ["a"])
    assert wanted == set(made)
    assert findings("x.", wanted, wanted, made) == []
    changes = {
        "x.in.hub": {"message.timestamp.type": "CreateTime"},
        "x.in.a": {"retention.bytes": "-1"},
        "x.out.a": {"retention.ms": "1000"},
        "x.dossier.facts": {"retention.ms": "86400000"},
        "x.directory": {"cleanup.policy": "delete"},
    }
    for topic, change in changes.items():
        (found,) = findings("x.", wanted, wanted, made | {topic: made[topic] | change})
        assert topic in found.reason
    assert len(findings("x.", wanted, wanted - {"x.out.a"}, {})) == 2


@pytest.mark.parametrize(
    ("setting", "value", "stops"),
    [
        ("message.timestamp.type", "CreateTime", True),
        ("cleanup.policy", "compact,delete", True),
        ("compression.type", "zstd", True),
        ("retention.ms", "1000", False),
        ("max.message.bytes", "99999999", False),
    ],
)
def test_only_what_would_make_decisions_wrong_stops_a_topic(setting: str, value: str, *, stops: bool) -> None:
    reasons = reasons_to_stop("", {"in.a": IN | {setting: value}, "in.b": IN, "other": {setting: value}})
    assert set(reasons) == ({"in.a"} if stops else set())
    assert all(setting in reason and value in reason for reason in reasons.values())


def test_a_catalogue_in_force_that_is_not_on_record_as_it_is_installed_is_told_with_the_command() -> None:
    book = load_book()
    installed, in_force = of_book(book), book.in_force(date(2026, 12, 31)).versions.catalogue
    (found,) = catalogue_findings(Publication(), installed, in_force)
    assert f"({in_force}) are not on record" in found.reason
    assert "hub catalogue publish" in found.remedy
    assert catalogue_findings(installed, installed, in_force) == []
    other = [one.model_copy(update={"sha256": "0" * 64}) for one in installed.procedures]
    assert len(catalogue_findings(Publication(other), installed, in_force)) == 1
    before = [one for one in installed.procedures if one.catalogue == in_force]
    assert catalogue_findings(Publication(before), installed, in_force) == [], (
        "an older one is nobody's today"
    )
