"""Codes of another system for the procedures of the catalogue: certain by number, suggested by title."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.regulation.catalogue import Procedure
from hub.regulation.code_mapping import MappedCode, OtherCode, mapped, read_others
from hub.regulation.completion import completed
from hub.regulation.errors import RegisterError
from tests.support.dossiers import law
from tests.support.page_commands import commands, words_of_hub

ONE = law().catalogue.procedures["1.004873"]
NOWHERE = {
    "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    "HUB_KAFKA__USER": "a",
    "HUB_KAFKA__PASSWORD": "a",
    "HUB_POSTGRES__DSN": "postgresql://127.0.0.1:1/a",
    "HUB_MASTER_KEY_FILE": "/no/such/key",
}
BIRTH, DEATH, COPY = "Đăng ký khai sinh", "Đăng ký khai tử", "Cấp bản sao trích lục hộ tịch"


def procedure(code: str, name: str) -> Procedure:
    return replace(ONE, code=code, name=name)


def of(found: list[MappedCode]) -> dict[str, tuple[str | None, str, tuple[str, ...]]]:
    return {one.code: (one.other, one.how, tuple(other.code for other in one.suggestions)) for one in found}


def test_the_same_number_is_certain_and_titles_are_suggested() -> None:
    ours = [
        procedure("1.000656", DEATH), procedure("1.001193", BIRTH), procedure("1.004873", "Xác nhận"),
        procedure("2.000635", COPY), procedure("1.115613", "Cấp đổi Giấy chứng nhận"),
    ]  # fmt: skip
    theirs = [
        OtherCode("1.000656", DEATH), OtherCode("1.001193.H07", "khác"),
        OtherCode("KS-1", "đăng  ký KHAI SINH lại"), OtherCode("BS-1", f"{COPY}, bản sao"),
        OtherCode("BS-2", "Cấp bản sao trích lục"), OtherCode("1.012783", "Cấp đổi giấy chứng nhận"),
    ]  # fmt: skip
    assert of(mapped(ours, theirs, {"1.115613": "1.012783"})) == {
        "1.000656": ("1.000656", "same code", ()),
        "1.001193": ("1.001193.H07", "same number", ()),
        "1.004873": (None, "nothing like it", ()),
        "1.115613": ("1.012783", "given", ()),
        "2.000635": (None, "to decide", ("BS-1", "BS-2")),
    }


def test_a_number_that_is_there_twice_is_for_somebody_to_decide() -> None:
    theirs = [OtherCode("1.004873.H07", "a"), OtherCode("1.004873.000.00.00.H07", "b")]
    found = of(mapped([procedure("1.004873", "Xác nhận")], theirs, {}))
    assert found == {"1.004873": (None, "to decide", ("1.004873.H07", "1.004873.000.00.00.H07"))}


def test_letters_in_another_form_are_the_same_words() -> None:
    theirs = [OtherCode("X", unicodedata.normalize("NFD", BIRTH.upper()))]
    assert of(mapped([procedure("1.001193", BIRTH)], theirs, {}))["1.001193"][1:] == ("to decide", ("X",))


def test_a_decision_about_what_is_not_there_is_refused_whole() -> None:
    with pytest.raises(RegisterError) as caught:
        mapped([procedure("1.001193", BIRTH)], [OtherCode("X", "x")], {"9.999999": "X", "1.001193": "Y"})
    assert {one.field for one in caught.value.mistakes} == {"9.999999", "Y"}


@pytest.mark.parametrize(
    "text",
    [
        f"code,title\nA,{'x' * 200_000}\n",
        'code,title\nA,"no end\n',
        'code,title\nA,"x"y\n',
        "code,title\nA,a,beyond the columns\n",
        "code,title,code\nA,a,B\n",
        "code,title\nA\n",
        "",
        "\0",
    ],
)
def test_a_list_with_two_readings_or_a_cell_without_end_is_refused(text: str) -> None:
    with pytest.raises(RegisterError):
        read_others(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"1.001193": "A", "1.001193": "B"}',
        "[" * 100_000,
        '{"a": 1}',
        '{"a": ' + "9" * 5_000 + "}",
        "[]",
        "\ud800",
    ],
)
def test_decisions_that_are_no_object_of_codes_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    others, given = tmp_path / "others.csv", tmp_path / "given.json"
    others.write_text("code,title\nA,a\nB,b\n")
    given.write_text(text, errors="replace")
    ended = CliRunner(env=NOWHERE).invoke(app, ["catalogue", "mapping", str(others), "--given", str(given)])
    assert ended.exit_code == 2, ended.output
    assert ended.stderr.startswith(f"hub: {given}: it is no JSON object of codes")
    assert ended.stderr.count("\n") == 1


def test_a_list_is_read_whole_or_refused_with_every_line() -> None:
    assert read_others("\ufeffcode,title\r\n A ,Một\r\n") == [OtherCode("A", "Một")]
    with pytest.raises(RegisterError) as caught:
        read_others("code,title\nA,a\n,b\nA,c\n")
    assert [(one.line, one.field) for one in caught.value.mistakes] == [(3, "code"), (4, "code")]
    with pytest.raises(RegisterError, match="no such column"):
        read_others("ma,ten\nA,a\n")


def test_the_commands_of_the_page_suggest_and_write_a_completion_of_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("portal.csv").write_text("code,title\n1.004873.H07,Xác nhận\n1.012783,Cấp đổi\n", "utf-8")
    Path("decided.json").write_text('{"1.000656": "1.012783"}')
    lines = commands()["docs/operations.md", "Codes of another system"]
    told = [
        CliRunner().invoke(app, [*only, "--json"], env=NOWHERE)
        for line in lines
        for only in words_of_hub(line)
    ]
    assert [one.exit_code for one in told] == [0, 0], told[-1].output
    said = told[-1].output
    found = {row["procedure"]: row["how"] for row in json.loads(said[said.index("[") :])}
    assert (found["1.000656"], found["1.004873"]) == ("given", "same number")
    with_codes = completed(law().catalogue, {"codes.toml": Path("codes.toml").read_bytes()}).procedures
    wanted = {"1.000656": {"portal": "1.012783"}, "1.004873": {"portal": "1.004873.H07"}}
    assert {code: one.other_codes for code, one in with_codes.items() if one.other_codes} == wanted
    words = ["catalogue", "mapping", "portal.csv", "--given", "decided.json", "--into", "codes.toml"]
    assert CliRunner().invoke(app, words, env=NOWHERE).exit_code == 2
    words[-1] = "codes.json"
    assert CliRunner().invoke(app, words, env=NOWHERE).exit_code == 0
    assert json.loads(Path("codes.json").read_text("utf-8")) == {
        code: one["portal"] for code, one in wanted.items()
    }


def test_a_decision_that_the_command_does_not_understand_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("portal.csv").write_text("code,title\n1.012783,Cấp đổi\n", "utf-8")
    Path("decided.json").write_text("[]")
    assert (
        CliRunner()
        .invoke(app, ["catalogue", "mapping", "portal.csv", "--given", "decided.json"], env=NOWHERE)
        .exit_code
        == 2
    )
