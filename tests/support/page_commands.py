"""Commands of the pages: every block of them, by page and heading, line by line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from tests.support.stack import REPOSITORY

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "*/*/README.md", "*/README.md")
    for path in REPOSITORY.glob(pattern)
    if not {"var", "tests", "node_modules", "build"} & set(path.relative_to(REPOSITORY).parts)
    and not path.relative_to(REPOSITORY).parts[0].startswith(".")
)
_FENCE = re.compile(r"^```(\w*)$")
_INDENTED = re.compile(r"^    (?=[A-Za-z])")
_BEGINS = frozenset({"|", "||", "&&", "&", ";", "(", "{", "do", "then"})
_ENDS = frozenset({"|", "||", "&&", "&", ";", ")", "}"})
Place = tuple[str, str]
"""Page and heading."""


def commands() -> dict[Place, list[str]]:
    """Logical lines (joined at a backslash, without comments) of all commands below each heading."""
    found: dict[Place, list[str]] = {}
    for page in PAGES:
        for heading, line in _lines(page.read_text("utf-8")):
            found.setdefault((page.relative_to(REPOSITORY).as_posix(), heading), []).append(line)
    return {place: _joined(lines) for place, lines in found.items()}


def _lines(text: str) -> Iterator[tuple[str, str]]:
    heading, fence = "", ""
    for line in text.splitlines():
        if opened := _FENCE.match(line):
            fence = "" if fence else opened[1] or "text"
        elif fence == "sh":
            yield heading, line
        elif not fence and line.startswith("#"):
            heading = line.lstrip("# ")
        elif not fence and _INDENTED.match(line):
            yield heading, line[4:]


def _joined(lines: list[str]) -> list[str]:
    text = "\n".join(lines).replace("\\\n", " ")
    bare = (re.sub(r"(?:^|\s+)#(?: .*|$)", "", line) for line in text.split("\n"))
    return [" ".join(line.split()) for line in bare if line.strip()]


def words_of_hub(line: str) -> Iterator[list[str]]:
    """The words behind `hub` of each call of it in a line; none where they are the shell's, or a pattern."""
    try:
        words = shlex.split(line.replace(";", " ; ").replace(")", " ) "))
    except ValueError:
        return
    for number, word in enumerate(words):
        before = words[number - 1] if number else ";"
        if word in {"hub", "/opt/hub/bin/hub"} and (before in _BEGINS or "=" in before):
            rest = words[number + 1 :]
            end = next((n for n, one in enumerate(rest) if one in _ENDS or ">" in one), len(rest))
            if end and not any("$" in one or "[" in one for one in rest[:end]):
                yield rest[:end]
