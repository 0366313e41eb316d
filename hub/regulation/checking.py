"""Files of the regulation looked at whole, before they are in force: every mistake by file, line and key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson

from hub.regulation.calendar_data import read_days_off
from hub.regulation.catalogue_data import read_catalogue
from hub.regulation.catalogue_import import import_record
from hub.regulation.completion import read_completion
from hub.regulation.errors import ProfileError
from hub.regulation.json_lines import line_of
from hub.regulation.lawbook import book_of
from hub.regulation.pins import data_files, edited, pinned_files
from hub.regulation.profile import read_profile


@dataclass(frozen=True, slots=True)
class FileMistake:
    """`line` 0: about the file as a whole; no `file`: about what the files make together."""

    file: str
    line: int
    key: str
    why: str


def check_folder(folder: Path) -> list[FileMistake]:
    """All that is wrong with a folder as `HUB_REGULATION` names it, beside what comes with the hub.

    Raises `OSError` for one that cannot be read.
    """
    own = data_files(folder)
    whole = {**pinned_files(files("hub.regulation.data")), **own}
    found = [
        FileMistake(path, 0, "", "was edited, and dossiers may stand under it: a change is a new file")
        for path in edited(folder)
    ]
    for path, raw in sorted(own.items()):
        found += _of_file(path, raw, whole)
    return found or list(_together(whole))


_INSIDE = {"code": "data.code"}
"""Where in the answer a note about the record leads."""


def _of_file(path: str, raw: bytes, whole: Mapping[str, bytes]) -> list[FileMistake]:
    kind = path.partition("/")[0]
    if kind == "procedures":
        return _of_record(path, raw)
    read: Mapping[str, Callable[[str], object]] = {
        "profiles": read_profile,
        "calendars": read_days_off,
        "completions": lambda text: read_completion(path, text.encode()),
        "catalogues": lambda text: read_catalogue(text, whole),
    }
    if kind not in read:
        return [FileMistake(path, 0, "", f"is in none of the folders {', '.join(sorted(read))}, procedures")]
    try:
        read[kind](raw.decode())
    except UnicodeDecodeError as error:
        return [FileMistake(path, 0, "", f"not UTF-8: {error.reason} at byte {error.start}")]
    except ProfileError as error:
        return _placed(path, error, whole)
    return []


def _placed(path: str, error: ProfileError, whole: Mapping[str, bytes]) -> list[FileMistake]:
    """A catalogue is read with its completions: what is wrong with one of those is told of its own file."""
    if not error.mistakes:
        return [FileMistake(path, 0, "", str(error))]
    file = error.what if error.what in whole else path
    return [FileMistake(file, one.line, one.field, one.why) for one in error.mistakes]


def _of_record(path: str, raw: bytes) -> list[FileMistake]:
    """Of a record that is left out, why and where; what is open in one that is taken lists `hub law open`."""
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return [FileMistake(path, error.lineno, "", f"not JSON: {error.msg}")]
    imported = import_record(raw)
    if imported.procedure is not None:
        return []
    text = raw.decode(errors="replace")
    return [
        FileMistake(path, line_of(text, _INSIDE.get(note.path, note.path)), note.path, note.reason)
        for note in imported.notes
    ]


def _together(whole: Mapping[str, bytes]) -> Iterator[FileMistake]:
    names = {read_profile(raw.decode()).id for path, raw in whole.items() if path.startswith("profiles/")}
    for name in sorted(names):
        try:
            book_of(name, whole)
        except ProfileError as error:
            yield FileMistake("", 0, name, str(error))
