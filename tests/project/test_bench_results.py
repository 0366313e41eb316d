"""The benchmark's arithmetic: windows, medians, ratios, and events that are what they say."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from bench.compared import Turn, compared_page
from bench.contenders import CORE, Output, find
from bench.core import Plan, check_outputs
from bench.core_report import core_page
from bench.events import EVENT_BYTES, core_events, hash_of
from bench.measuring import Cpu, Sample, window
from bench.product_events import GROUPS, PARTITIONS, Maker, dossiers, measured_run, prelude
from bench.results import Spread, ratio_text, ratios, table
from bench.side_reports import peak_of
from schemas.registry import REQUESTS
from tests.project.test_bench_gateway import MACHINE


def _sample(at_s: float, outputs: int, client: float) -> Sample:
    return Sample(at_s, outputs, Cpu(client, client / 2, client / 4, 0.0, client * 2))


def test_a_window_starts_at_a_tenth_of_the_output_and_ends_where_the_last_was_first_seen() -> None:
    samples = [
        _sample(0, 50, 0),
        _sample(1, 50, 1),
        _sample(2, 250, 2),
        _sample(3, 1050, 3),
        _sample(4, 1050, 4),
    ]
    part = window(samples)
    assert part.seconds == pytest.approx(1.5)
    assert part.outputs == pytest.approx(900)
    assert part.cpu.client == pytest.approx(1.5)
    assert part.cpu.foreign == pytest.approx(1.5 * (2 - 1 - 0.5 - 0.25))


def test_a_run_without_output_has_no_window() -> None:
    with pytest.raises(ValueError, match="did not grow"):
        window([_sample(0, 7, 0), _sample(1, 7, 1)])


def test_a_ratio_is_taken_inside_each_round() -> None:
    rates = {"hub-1": {0: 30.0, 1: 20.0, 2: 50.0}, "copy-send": {0: 60.0, 1: 20.0}}
    assert ratios(rates, "hub-1", "copy-send") == Spread(0.75, 0.5, 1.0)
    assert ratios(rates, "hub-1", "missing") is None


def test_small_ratios_keep_two_digits_and_large_ones_none() -> None:
    assert ratio_text(Spread(0.687, 0.6, 0.71)) == "0.69 (0.60-0.71)"
    assert ratio_text(Spread(89.3, 80.0, 91.6)) == "89 (80-92)"
    assert ratio_text(None) == "-"


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"


def test_core_events_have_their_size_and_their_share_of_repeats() -> None:
    events = core_events(2000, 50, 0.1, seed=3)
    assert {len(event.value) for event in events} == {EVENT_BYTES}
    repeats = sum(count - 1 for count in Counter(event.id for event in events).values())
    assert 150 < repeats < 250
    assert core_events(2000, 50, 0.1, seed=3) == events


def test_a_subject_always_goes_to_the_same_partition() -> None:
    assert hash_of("ref:hs-1") == hash_of("ref:hs-1") != hash_of("ref:hs-2")


def test_contenders_are_found_by_name_and_unknown_names_are_refused() -> None:
    assert [one.name for one in find("copy-send,hub-1")] == ["hub-1", "copy-send"]
    assert find("all") == CORE
    with pytest.raises(ValueError, match="hub-9"):
        find("hub-9")


def test_no_measured_hub_means_no_peak() -> None:
    with pytest.raises(ValueError, match="no rounds"):
        peak_of([])


def test_every_product_request_is_a_valid_request_of_the_published_contract() -> None:
    every = dossiers(20, seed=1)
    for number, dossier in enumerate(every):
        dossier.id = f"019aaf2e-5a1c-8abc-9abc-{number:012x}"
    planned = [one for wave in range(4) for one in prelude(every, wave, Maker.of("prelude", 1))]
    planned += measured_run(every, 0.0, seed=1)
    for one in planned:
        REQUESTS[one.type].model_validate_json(one.event.value)
    assert {one.topic for one in planned} == set(PARTITIONS)


def test_ids_of_prelude_run_and_identity_checks_never_meet() -> None:
    every = dossiers(20, seed=1)
    first = prelude(every, 0, Maker.of("prelude", 1))
    run = measured_run(every, 0.0, seed=1)
    ids = [one.event.id for one in (*first, *run)]
    assert len(ids) == len(set(ids))


def test_the_run_keeps_the_order_of_one_dossiers_work() -> None:
    every = dossiers(20, seed=1)
    for number, dossier in enumerate(every):
        dossier.id = f"019aaf2e-5a1c-8abc-9abc-{number:012x}"
    worked_on = next(dossier for dossier in every if dossier.group == "forwarded")
    steps = [
        one.type.split(".")[2]
        for one in measured_run(every, 0.0, seed=1)
        if one.topic == "agency-1" and one.event.subject == worked_on.id
    ]
    assert steps == ["receive", "assign", "step", "issue"]
    assert GROUPS[0] == "fresh"


def test_a_third_of_the_run_can_be_repeats_byte_for_byte() -> None:
    every = dossiers(100, seed=1)
    run = measured_run(every, 0.3, seed=1)
    by_id: dict[str, set[bytes]] = {}
    for one in run:
        by_id.setdefault(one.event.id, set()).add(one.event.value + one.event.subject.encode())
    assert all(len(values) == 1 for values in by_id.values())
    assert 0.26 < 1 - len(by_id) / len(run) < 0.34
    assert orjson.loads(run[0].event.value)


def test_two_checkouts_are_compared_turn_by_turn_with_the_copy_loop_beside() -> None:
    turns = [
        Turn(side, commit, turn, program, rate, us, 10.0, 0.0)
        for turn in range(3)
        for side, commit, program, rate, us in (
            ("before", "aaa", "hub-1", 8000.0, 90.0 * (turn + 1)),
            ("now", "bbb", "hub-1", 6000.0, 99.0 * (turn + 1)),
            ("before", "aaa", "copy-send", 25000.0, 20.0),
            ("now", "bbb", "copy-send", 25000.0, 21.0),
        )
    ]
    text = compared_page(MACHINE, 40_000, turns[:-1])
    assert "| hub-1 | before | aaa | 8,000 (8,000-8,000) | 180 (90.00-270) |" in text
    assert "| hub-1 | 0.75 (0.75-0.75) | 1.10 (1.10-1.10) |" in text
    assert "| copy-send | 1.00 (1.00-1.00) | 1.05 (1.05-1.05) |" in text


def test_outputs_are_each_id_once_and_the_events_of_a_dossier_numbered_without_a_gap() -> None:
    (peer,) = find("dbos")
    warm_up, events = core_events(6, 2, 0.0, seed=7), core_events(50, 3, 0.2, seed=8)
    counts: Counter[str] = Counter()
    outputs: list[Output] = []
    for event in {event.id: event for event in (*warm_up, *events)}.values():
        body = orjson.loads(event.value)
        counts[body["dossier"]] += 1
        told = orjson.dumps(body | {"id": event.id, "count": counts[body["dossier"]]})
        outputs.append(peer.read({}, told))
    check_outputs(peer, outputs[::-1], warm_up, events)
    with pytest.raises(RuntimeError, match="3 dossiers are counted wrongly"):
        check_outputs(peer, outputs, warm_up, events, stored=True)
    with pytest.raises(RuntimeError, match="1 outputs missing, 0 too many"):
        check_outputs(peer, outputs[1:], warm_up, events)
    with pytest.raises(RuntimeError, match="0 outputs missing, 1 too many"):
        check_outputs(peer, [*outputs, outputs[0]], warm_up, events)
    last = outputs[-1]
    assert last.counted is not None
    wrong = Output(last.id, (last.counted[0], 1))
    with pytest.raises(RuntimeError, match="1 dossiers are counted wrongly"):
        check_outputs(peer, [*outputs[:-1], wrong], warm_up, events)


def test_a_program_that_cannot_run_here_is_a_row_in_words() -> None:
    text = core_page(MACHINE, Plan(), [], {"kafka-streams": "no `javac` on this machine"})
    assert "| Kafka Streams (Java), exactly once | not measured: no `javac` on this machine | - |" in text
