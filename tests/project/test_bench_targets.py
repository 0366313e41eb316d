"""The table of targets is made of raw results: medians of ratios, missed and missing rows, what is kept."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from bench import targets
from bench.contenders import find
from bench.deliveries_run import KINDS
from bench.targets import CONTENDERS, PARTS, QUICK, TargetsPlan, kept, parts_of
from bench.targets_report import ROWS, Done, Raw, targets_page
from tests.project.test_bench_gateway import MACHINE

PLAN = asdict(TargetsPlan())


def _done(part: str, number: int, *raw: Raw, failed: tuple[str, ...] = ()) -> Done:
    return Done(part, number, "abc", "now", failed, raw)


def _core(number: int, **rates: float) -> Done:
    raw = [
        {"contender": name.replace("_", "-"), "events_per_s": rate, "foreign_cores": number / 10}
        for name, rate in rates.items()
    ]
    return _done("core", number, *raw)


def _latency(program: str, rate: int, p50: float, p99: float, busy: float) -> Raw:
    return {
        "program": program, "rate": rate, "p50_ms": p50, "p99_ms": p99, "busy_cores": busy,
        "foreign_cores": 0.0,
    }  # fmt: skip


def _row(text: str, title: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {title} |"))
    return line


def test_a_row_is_the_median_of_the_ratios_of_its_rounds_with_its_target_and_what_came_of_it() -> None:
    done = [
        _core(0, hub_1=30.0, copy_send=100.0, hub_2=80.0, quix_1=20.0),
        _core(1, hub_1=60.0, copy_send=100.0, hub_2=99.0, quix_1=20.0),
        _core(2, hub_1=80.0, copy_send=200.0, hub_2=152.0),
        _done("messages", 1, {"contender": "dbos", "events_per_s": 1.5, "foreign_cores": 0.0}),
        _done("streams", 1, {"contender": "kafka-streams", "events_per_s": 120.0, "foreign_cores": 0.0}),
    ]
    text = targets_page(MACHINE, PLAN, done, {})
    first = "copy loop, send(), commit per batch, 1 engine"
    assert _row(text, first).endswith("| 0.40 (0.30-0.60) | >= 0.58 | >= 0.65 | **missed** | 3 |")
    assert "| the same, 2 engines | 0.80 (0.76-0.99) | >= 0.75 | >= 0.95 | met | 3 |" in text
    quix = _row(text, "quixstreams, 1 process each")
    assert quix.endswith("| 2.25 (1.50-3.00) | >= 1.1 | >= 1.3 | met, and its stretch | 2 |")
    assert _row(text, "DBOS with its Kafka consumer").endswith("| 40 (40-40) | >= 30 | - | met | 1 |")
    streams = _row(text, "Kafka Streams (Java), exactly once")
    assert streams.endswith("| 0.50 (0.50-0.50) | - | - | shown, not promised | 1 |")
    assert "| core | 3 | abc | 0.10 (0.00-0.20) | - |" in text


def test_what_was_not_measured_is_a_row_that_says_so_and_why() -> None:
    text = targets_page(MACHINE, PLAN, [_core(0, hub_1=30.0)], {"streams": "no `javac` on this machine"})
    assert _row(text, "bytewax with recovery, 1 process each").endswith(
        "| - | >= 0.7 | >= 1.1 | not measured | 0 |"
    )
    streams = _row(text, "Kafka Streams (Java), exactly once")
    assert streams.endswith("| not measured: no `javac` on this machine | 0 |")
    assert text.count("| not measured") == len(ROWS)


def test_of_times_the_target_is_the_most_and_of_busy_cores_the_difference() -> None:
    raw = (
        _latency("hub-1", 200, 4.5, 19.0, 1.15), _latency("copy-pipelined", 200, 2.0, 9.0, 1.0),
        _latency("hub-1", 2000, 10.0, 43.0, 2.0), _latency("copy-pipelined", 2000, 4.0, 10.0, 1.0),
    )  # fmt: skip
    text = targets_page(MACHINE, PLAN, [_done("latency", 0, *raw)], {})
    of_copy = "of the copy loop's (commit once a second)"
    assert _row(text, f"latency p50 at 200/s, {of_copy}").endswith(
        "| 2.25 (2.25-2.25) | <= 2 | <= 1.5 | **missed** | 1 |"
    )
    assert _row(text, f"latency p50 at 2,000/s, {of_copy}").endswith(
        "| 2.50 (2.50-2.50) | <= 3.5 | <= 2.5 | met, and its stretch | 1 |"
    )
    assert _row(text, f"latency p99 at 2,000/s, {of_copy}").endswith("| <= 2.5 | - | **missed** | 1 |")
    busy = _row(text, "busy cores of the whole rig at 200/s, above those of the copy loop's")
    assert busy.endswith("| 0.15 (0.15-0.15) | <= 0.2 | <= 0.1 | met | 1 |")


def test_stored_dossiers_gateway_product_and_deliveries_are_found_in_the_results_of_their_jobs() -> None:
    done = [
        *(
            _done("stored", 0, {"stored": size, "measured": {"events_per_s": rate, "foreign_cores": 0.0}})
            for size, rate in ((10_000, 9000.0), (1_000_000, 6000.0))
        ),
        _done(
            "gateway", 0, {"way": "kafka", "receipts_per_s": 1000.0, "foreign_cores": 0.0},
            {"way": "gateway", "receipts_per_s": 550.0, "foreign_cores": 0.0},
        ),
        _done(
            "deliveries", 0, *(
                {"adapter": "postal", "program": program, "per_s": rate, "foreign_cores": 0.0}
                for program, rate in (("adapter", 60.0), ("loop", 100.0))
            ),
        ),
        _done(
            "product", 0, *(
                {"program": program, "events_per_s": rate, "foreign_cores": 0.0}
                for program, rate in (("hub-1", 20.0), ("copy-send", 100.0))
            ), failed=("product round 1/1, 2 engines",),
        ),
    ]  # fmt: skip
    text = targets_page(MACHINE, PLAN, done, {})
    assert _row(text, "times slower with 1,000,000 stored dossiers than with 10,000").endswith(
        "| 1.50 (1.50-1.50) | <= 1.5 | - | met | 1 |"
    )
    assert _row(text, "times slower with 5,000,000 stored dossiers than with 10,000").endswith(
        "| not measured | 0 |"
    )
    assert _row(text, "gateway, 100 clients, of a Kafka participant").endswith(
        "| >= 0.8 | - | **missed** | 1 |"
    )
    assert _row(text, "deliveries of a plain loop: postal").endswith("| >= 0.5 | - | met | 1 |")
    assert _row(text, "product job, 1 engine, of the copy loop").endswith(
        "| >= 0.27 | >= 0.35 | **missed** | 1 |"
    )
    assert "| product | 1 | abc | 0.00 (0.00-0.00) | product round 1/1, 2 engines |" in text


def test_every_row_names_what_its_job_measures() -> None:
    names = {name for part in CONTENDERS for name in CONTENDERS[part].split(",")}
    assert len(find(",".join(names))) == len(names)
    for row in ROWS:
        assert row.part in PARTS
        if row.part in CONTENDERS:
            assert {row.ours, row.theirs} <= names
        if row.part == "deliveries":
            assert row.ours.split()[0] in {kind.name for kind in KINDS}
    assert {row.part for row in ROWS} == set(PARTS)


def test_jobs_are_chosen_by_name_and_unknown_names_are_refused() -> None:
    assert parts_of("all", "") == tuple(PARTS)
    assert parts_of("product,core", "") == ("core", "product")
    assert set(parts_of("all", "stored,messages")) == PARTS.keys() - {"stored", "messages"}
    with pytest.raises(ValueError, match="no job corn; there are core, "):
        parts_of("corn", "")


def test_an_interrupted_run_goes_on_with_what_is_missing_or_failed_and_only_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "FOLDER", tmp_path)
    assert kept(QUICK, "abc") == []
    done = [_core(0, hub_1=30.0), _done("product", 0, failed=("product",))]
    body = {"options": asdict(QUICK), "measured": [asdict(one) for one in done]}
    (tmp_path / "targets.json").write_bytes(orjson.dumps(body))
    assert [(one.part, one.round) for one in kept(QUICK, "abc")] == [("core", 0)]
    assert targets_page(MACHINE, PLAN, kept(QUICK, "abc"), {}) == targets_page(MACHINE, PLAN, done[:1], {})
    assert kept(replace(QUICK, rounds=7), "abc") == kept(QUICK, "abc")
    with pytest.raises(ValueError, match="another commit"):
        kept(QUICK, "def")
    with pytest.raises(ValueError, match="other options"):
        kept(TargetsPlan(), "abc")
