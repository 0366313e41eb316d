"""A folder of the regulation looked at before it is in force: each mistake by file, line and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.regulation.checking import FileMistake, check_folder
from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pin
from tests.support.stack import REPOSITORY

DATA = REPOSITORY / "hub" / "regulation" / "data"
PROFILE, CALENDAR, COMPLETION = (
    "profiles/bentre-45-2023@2.toml", "calendars/vn-2027.1.toml", "completions/bentre-1.toml",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a site's own, with a copy of what the hub brings."""
    own = tmp_path / "law"
    shutil.copytree(DATA, own, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.lock"))
    return own


def line_of(text: str, start: str, count: int = 1) -> int:
    """Of the line that begins so, the first or a later one."""
    found = [number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(start)]
    return found[count - 1]


def spoilt(folder: Path, path: str, find: str, put: str) -> tuple[str, list[FileMistake]]:
    """Text and mistakes of a file in which the first `find` is replaced."""
    file = folder / path
    text = file.read_text(encoding="utf-8")
    assert find in text
    file.write_text(text.replace(find, put, 1), encoding="utf-8")
    return text, check_folder(folder)


def test_what_comes_with_the_hub_has_no_mistake(folder: Path) -> None:
    assert check_folder(folder) == []


def test_a_profile_names_line_and_key_of_every_mistake(folder: Path) -> None:
    _, found = spoilt(folder, PROFILE, 'every = "quarter"', 'every = "fortnight"\nworking_dais = 5')
    text = (folder / PROFILE).read_text(encoding="utf-8")
    assert {(one.file, one.line, one.key) for one in found} == {
        (PROFILE, line_of(text, 'every = "fortnight"'), "reports.0.every"),
        (PROFILE, line_of(text, "working_dais"), "reports.0.working_dais"),
    }
    (folder / PROFILE).write_text(text.replace('every = "fortnight"\nworking_dais = 5', 'every = "quarter"'))
    _, found = spoilt(folder, PROFILE, "[hours]", "[hour]")
    assert {(one.line, one.key) for one in found} == {
        (line_of(text, "[hours]"), "hour"),
        (0, "hours"),
    }


def test_a_later_entry_of_a_list_is_told_from_the_first(folder: Path) -> None:
    text = (folder / PROFILE).read_text(encoding="utf-8")
    heads = [number for number, line in enumerate(text.splitlines(), 1) if line == "[[reports]]"]
    lines = text.splitlines()
    third = next(n for n in range(heads[2], len(lines)) if lines[n].startswith("working_days"))
    lines[third] = "working_days = 999"
    (folder / PROFILE).write_text("\n".join(lines), encoding="utf-8")
    ((file, line, key),) = [(one.file, one.line, one.key) for one in check_folder(folder)]
    assert (file, line, key) == (PROFILE, third + 1, "reports.2.working_days")


def test_calendar_completion_and_catalogue_name_theirs_too(folder: Path) -> None:
    _, found = spoilt(folder, CALENDAR, "provisional = ", "provisionel = ")
    assert {one.key.rpartition(".")[2] for one in found} == {"provisional", "provisionel"}
    assert all(one.file == CALENDAR and one.line for one in found)
    text, found = spoilt(folder, COMPLETION, "pieces = ", "piece = ")
    own = {one.key.rpartition(".")[2]: one.line for one in found if one.file == COMPLETION}
    assert own["piece"] == line_of(text, "pieces = ")
    assert own["pieces"] == line_of(text, "[[procedures")


def test_no_toml_no_json_and_a_file_in_no_folder_are_told(folder: Path) -> None:
    (folder / "profiles" / "x.toml").write_text('id = "x"\nversion = = 1\n')
    (folder / "procedures" / "9.9.json").write_text('{"data": {"code": "nothing"}}')
    (folder / "other.toml").write_text("a = 1\n")
    (folder / "procedures" / "9.8.json").write_text('{"data":\n {\n')
    (folder / "calendars" / "y.toml").write_bytes(b'a = "\xff"')
    found = {one.file: (one.line, one.key) for one in check_folder(folder)}
    assert found == {
        "profiles/x.toml": (2, ""),
        "procedures/9.9.json": (1, "code"),
        "procedures/9.8.json": (3, ""),
        "other.toml": (0, ""),
        "calendars/y.toml": (0, ""),
    }


def test_what_is_wrong_by_its_meaning_has_the_line_of_its_own_file(folder: Path) -> None:
    text, found = spoilt(folder, COMPLETION, "amount = 8000", "amount = 8001")
    assert {(one.file, one.line, one.key) for one in found} == {
        (COMPLETION, line_of(text, "[[procedures"), "procedures.2.000635.by_piece.0")
    }
    (folder / COMPLETION).write_text(text, encoding="utf-8")
    record = folder / "procedures" / "1.000656.json"
    lines = record.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if line.strip().startswith('"code": "1.000656"'))
    lines[number] = lines[number].replace("1.000656", "none")
    record.write_text("\n".join(lines), encoding="utf-8")
    assert ("procedures/1.000656.json", number + 1, "code") in {
        (one.file, one.line, one.key) for one in check_folder(folder)
    }
    catalogue = "catalogues/b87593e24e11a6af.toml"
    listing, found = spoilt(folder, catalogue, '"1.000894.json"', '"1.9.json"')
    assert (catalogue, line_of(listing, "records = "), "records.1") in {
        (one.file, one.line, one.key) for one in found
    }


def test_files_that_are_right_alone_may_be_wrong_together_or_edited(folder: Path) -> None:
    text = (folder / PROFILE).read_text(encoding="utf-8")
    twin = folder / "profiles" / "bentre-45-2023@3.toml"
    twin.write_text(text.replace("version = 2", "version = 3", 1))
    (one,) = check_folder(folder)
    assert (one.file, one.key, "begin on one day" in one.why) == ("", "bentre-45-2023", True)
    twin.unlink()
    pin(folder)
    (folder / PROFILE).write_text(f"{text}\n# edited\n")
    (one,) = check_folder(folder)
    assert (one.file, "edited" in one.why) == (PROFILE, True)


def test_a_start_names_line_and_key_as_the_check_does(folder: Path) -> None:
    for path in (*folder.glob("p*/*"), *folder.glob("ca*/*"), *folder.glob("co*/*")):
        path.unlink()
    text = (DATA / PROFILE).read_text(encoding="utf-8").replace("version = 2", "version = 9", 1)
    (folder / "profiles" / "own@9.toml").write_text(text.replace('every = "quarter"', 'every = "x"', 1))
    pin(folder)
    with pytest.raises(ProfileError, match=r"profile: line \d+: reports\.0\.every"):
        load_book("bentre-45-2023", folder)


def test_the_command_prints_the_mistakes_and_ends_with_1(folder: Path) -> None:
    good = CliRunner().invoke(app, ["regulation", "check", str(folder)])
    assert (good.exit_code, "no mistake" in good.output) == (0, True), good.output
    spoilt(folder, PROFILE, 'every = "quarter"', 'every = "fortnight"')
    bad = CliRunner().invoke(app, ["regulation", "check", str(folder)])
    assert (bad.exit_code, "reports.0.every" in bad.output, PROFILE in bad.output) == (1, True, True)
