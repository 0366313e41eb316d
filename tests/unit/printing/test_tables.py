"""Tables read at 80 columns, keep every value in a pipe, and are one shape of JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from hub.printing.tables import print_record, print_rows, record_lines, table_lines

AT = datetime(2026, 11, 29, 16, 20, 43, tzinfo=UTC)
ROWS = [
    {
        "dossier": f"01a207d4-6a91-8fad-a593-6c005373053{number}",
        "status": "in_process",
        "why": "its requests are nearly all refused, and nobody has looked at them for a long time " * number,
        "since": AT,
        "empty": None,
    }
    for number in (1, 2)
]
COLUMNS = ("dossier", "status", "why")


@pytest.mark.parametrize("width", [80, 100, 250])
def test_no_line_is_wider_than_the_terminal_and_ids_stay_whole(width: int) -> None:
    lines = table_lines(ROWS, COLUMNS, ("since", "empty"), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(str(row["dossier"]) in text for row in ROWS)
    assert text.split().count("in_process") == 2
    assert text.count("looked") == 3, "words are folded, never cut"
    assert lines[0].split()[:2] == ["dossier", "status"]


def test_a_wide_terminal_shows_more_columns() -> None:
    small = [{**row, "why": "short"} for row in ROWS]
    assert "since" not in table_lines(small, COLUMNS, ("since",), 60)[0]
    assert "since" in table_lines(small, COLUMNS, ("since",), 100)[0]
    assert "2026-11-29 23:20:43" in table_lines(small, COLUMNS, ("since",), 100)[1], (
        "by the clock of Viet Nam"
    )


def test_a_terminal_too_narrow_for_columns_gets_a_value_a_line() -> None:
    lines = table_lines(ROWS, COLUMNS, (), 50)
    assert lines[0] == f"dossier  {ROWS[0]['dossier']}"
    assert lines[1] == "status   in_process"
    assert max(map(len, lines)) <= 50


def test_a_pipe_gets_every_value_whole_between_tabs() -> None:
    head, first, _ = table_lines(
        [{**row, "why": "a\tb\nc"} for row in ROWS], COLUMNS, ("since", "empty"), None
    )
    assert head.split("\t") == ["dossier", "status", "why", "since", "empty"]
    assert first.split("\t") == [ROWS[0]["dossier"], "in_process", "a b c", "2026-11-29T23:20:43+07:00", ""]


def test_a_record_has_a_line_for_each_value_and_a_table_for_each_list_of_things() -> None:
    record = {
        "dossier": "d",
        "due_at": AT,
        "none": None,
        "papers": {"P1": "post"},
        "parked": [{"why": "bug.X"}],
    }
    assert record_lines(record, 80) == [
        "dossier: d", "due_at: 2026-11-29 23:20:43", "papers: P1: post", "", "parked:", "  why", "  bug.X",
    ]  # fmt: skip


def test_json_is_an_array_for_a_list_and_an_object_for_a_thing(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, COLUMNS, as_json=True, none="", more=("since", "empty", "unknown"))
    (first, _) = orjson.loads(capsys.readouterr().out)
    assert (first["since"], first["empty"], first["unknown"]) == ("2026-11-29T16:20:43.000Z", None, None)
    print_record({"at": AT, "roles": ("a", "b"), "few": {"x"}}, as_json=True)
    assert orjson.loads(capsys.readouterr().out) == {
        "at": "2026-11-29T16:20:43.000Z", "roles": ["a", "b"], "few": ["x"],
    }  # fmt: skip
