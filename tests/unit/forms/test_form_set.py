"""Form sets are refused whole, by file and key, where something in them is wrong."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

import pytest

from hub.forms.errors import FormError
from hub.forms.form_set import installed_form_sets, read_form_sets
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pin

_SET = "tt01-2018@1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("hub.forms") / "sets") as installed:
        return Path(copytree(installed, tmp_path / "sets"))


def test_every_profile_has_its_form_set() -> None:
    book = load_book()
    for day in book.days:
        assert book.in_force(day).profile.ref in installed_form_sets()


def test_an_edited_template_is_refused_by_name(folder: Path) -> None:
    with (folder / _SET / "01.typ").open("a") as template:
        template.write("\n")
    with pytest.raises(FormError, match=r"tt01-2018@1/01\.typ has"):
        read_form_sets(folder)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('receipt = "01.typ"', 'receipt = "99.typ"', r"templates\.receipt"),
        ('receipt = "01.typ"', 'reciept = "01.typ"', r"templates\.reciept"),
        ("version = 1", "version = 2", "folder"),
        ("version = 1", "version = 0", "version"),
        ("[words.basis]", "[words.base]", "words"),
        ('"bentre-45-2023@1", "bentre-45-2023@2"', '"bentre-45-2023@1", "bentre-45-2023@1"', "already"),
    ],
)
def test_a_wrong_set_is_refused_by_file_and_key(folder: Path, old: str, new: str, why: str) -> None:
    declared = folder / _SET / "set.toml"
    text = declared.read_text()
    assert old in text
    declared.write_text(text.replace(old, new, 1))
    (folder / "digests.lock").unlink()
    pin(folder)
    with pytest.raises(FormError, match=rf"set\.toml.*{why}"):
        read_form_sets(folder)
