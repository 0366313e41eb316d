"""The ledger's participants: the same seed lives the same lives, and a kill leaves nothing half said."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from schemas.registry import REQUESTS
from tests.support.ledger.client_process import with_mishaps
from tests.support.ledger.evidence import Copy
from tests.support.ledger.journal import Journal, read_lines
from tests.support.ledger.kills import plan
from tests.support.ledger.lives import Heard, Me, Planned, openings, react
from tests.support.ledger.mailbox import Letter, request_line, result_line, sent_of, unresolved

COUNTER, AGENCY, POST, POPULATION = (
    Me("counter-a", "counter", 7), Me("agency-a", "agency", 7), Me("postal", "postal", 7),
    Me("population", "population", 7),
)  # fmt: skip
DOSSIER = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"


def heard(event_type: str, **data: object) -> Heard:
    return Heard("m1", f"onestop.{event_type}.v1", DOSSIER, data, at="2026-11-23T02:00:00+00:00")


def letters(count: int) -> list[Letter]:
    return [Letter(f"id-{number}", "t", "ref:1", b'{"a":1}') for number in range(count)]


def all_planned() -> list[Planned]:
    submitted = Heard(
        "m1", "onestop.receipt.accepted.v1", DOSSIER, {}, "onestop.dossier.submit.v1", "ref:counter-a-3"
    )
    hearings = [(COUNTER, submitted), (AGENCY, heard("dossier.forwarded")),
                (POST, heard("pickup.ordered", order="o1")),
                (POST, heard("pickup.cancelled", order="o1")),
                (POPULATION, heard("identity.check_requested", check="c1"))]  # fmt: skip
    return [*islice(openings(COUNTER), 5), *(planned for me, what in hearings for planned in react(me, what))]


def test_the_same_message_sets_off_the_same_requests() -> None:
    assert all_planned() == all_planned()
    other = Me("agency-a", "agency", 8)
    assert react(AGENCY, heard("dossier.forwarded")) != react(other, heard("dossier.forwarded"))


def test_every_request_that_is_planned_keeps_the_published_contract() -> None:
    for planned in all_planned():
        model = REQUESTS[planned.type]
        model.model_validate_json(Journal.encode(planned.data))
        assert planned.marker is None or planned.marker in str(planned.data)


def test_a_marked_dossier_asks_in_the_way_that_the_bug_trips_over_and_asks_again_behind_it() -> None:
    answered = Heard(
        "m1", "onestop.receipt.accepted.v1", DOSSIER, {}, "onestop.dossier.submit.v1", "ref:counter-a-28"
    )
    accounts = [planned.data.get("officer_account") for planned in react(COUNTER, answered)]
    assert accounts[:2] == ["can-bo-loi", "can-bo-gia-lap"]


def test_mishaps_send_copies_reuse_ids_and_break_bytes() -> None:
    postings = [with_mishaps(letter, 1) for letter in letters(600)]
    assert {len(batch) for batch in postings} == {1, 2}
    assert any(posting.is_stray for batch in postings for posting, _ in batch)
    assert {posting.letter.kind for batch in postings for posting, _ in batch} == {
        "plain",
        "reuse",
        "malformed",
    }
    assert any(delay_s > 0 for batch in postings for _, delay_s in batch)
    assert postings == [with_mishaps(letter, 1) for letter in letters(600)]


def test_a_journal_drops_the_line_that_a_kill_tore_and_goes_on_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal(path)
    first.write([{"n": 1}])
    first.close()
    with path.open("ab") as torn:
        torn.write(b'{"n": 2')
    again = Journal(path)
    assert again.recovered == [{"n": 1}]
    again.write([{"n": 3}])
    again.close()
    assert read_lines(path) == [{"n": 1}, {"n": 3}]


def test_what_no_copy_is_known_of_is_sent_again_byte_for_byte() -> None:
    first, second, third = letters(3)
    lines = [
        request_line(first, 1), request_line(second, 2), result_line(first, Copy("ok", 0, 4)),
        result_line(second, Copy("unknown")), request_line(third, 3),
    ]  # fmt: skip
    assert unresolved(lines) == [second, third]
    assert [sent.copies for sent in sent_of("counter-a", lines)] == [
        (Copy("ok", 0, 4),), (Copy("unknown"),), (),
    ]  # fmt: skip


def test_a_plan_strikes_every_kind_of_target_and_is_the_same_for_the_same_seed() -> None:
    steps = plan(40, 1)
    assert steps == plan(40, 1)
    assert steps != plan(40, 2)
    assert {step.blow for step in plan(8, 3)} == {
        "engine", "crash", "pause_engine", "client", "counterpart", "postgres", "kafka",
    }  # fmt: skip
    assert sum(not step.blow.startswith(("pause", "rolling")) for step in steps) == 40
    points = {step.crash_at.partition(":")[0] for step in steps if step.crash_at}
    assert {"before_commit", "after_commit", "before_publish", "after_publish", "after_mark"} <= points
