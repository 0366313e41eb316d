"""Pages for newcomers, pasted word for word into a fresh checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.embedded import stack as embedded
from tests.support.stack import REPOSITORY, own_name

_LIMIT_S = 600
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=====next====="
_OF_THIS_RUN = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)"), "<time>"),
    (re.compile(r"-\d{6}-\d{4}$"), "-<day and serial>"),
    (re.compile(r"[a-p]{32}"), "<check>"),
)
"""What is another each time a page is run."""


def blocks(page: str, heading: str | None = None) -> str:
    """The commands of a page, or of what stands below one of its headings, as one script."""
    text = (REPOSITORY / page).read_text("utf-8")
    if heading is not None:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = _BLOCK.findall(text)
    assert found, page
    return "\n".join(found)


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands, and the JSON documents that the page shows below it as what is printed."""

    script: str
    answers: tuple[Any, ...]


def steps(page: str) -> list[Step]:
    """All blocks of commands of a page with what is shown as their answers."""
    found: list[Step] = []
    for kind, text in _FENCED.findall((REPOSITORY / page).read_text("utf-8")):
        if kind == "sh":
            found.append(Step(text, ()))
        else:
            found[-1] = replace(found[-1], answers=(*found[-1].answers, comparable(json.loads(text))))
    assert found, page
    return found


def comparable(value: Any) -> Any:
    """The same with a word for what is another in each run; so is a fact's number: others come between."""
    if isinstance(value, dict):
        return {name: "<number>" if name == "sequence" else comparable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [comparable(part) for part in value]
    if isinstance(value, str):
        for pattern, word in _OF_THIS_RUN:
            value = pattern.sub(word, value)
    return value


class Checkout:
    """What a newcomer has after `git clone`: the files of the repository, and nothing under `var`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {name: value for name, value in os.environ.items() if name != "HUB_HOME"}
        self._environment["HUB_CACHE"] = os.environ.get("HUB_CACHE") or str(REPOSITORY / "var" / "cache")
        for made in (folder, folder / "var"):
            made.mkdir(parents=True)
            made.chmod(0o755)  # as a clone is, whatever the umask of who runs the tests
        for entry in REPOSITORY.iterdir():
            if entry.name not in {"var", ".git"}:
                (folder / entry.name).symlink_to(entry)

    def follow(self, page: str) -> str:
        """Paste a page into one shell; each step must print what the page shows. Returns what is said."""
        taken = steps(page)
        said = self.paste(f"\necho {_MARK}\n".join(step.script for step in taken))
        for step, text in zip(taken, said.split(f"{_MARK}\n"), strict=True):
            printed = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
            if step.answers:
                assert tuple(map(comparable, printed)) == step.answers, step.script
        return said

    def paste(self, script: str) -> str:
        """What a shell says to these commands; each of them must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self._environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


@contextmanager
def fresh_checkout() -> Iterator[Checkout]:
    """Inside of the repository: the user of PostgreSQL must be able to come to its programs."""
    folder = REPOSITORY / "var" / own_name("checkout")
    made = Checkout(folder)
    try:
        yield made
    finally:
        made.paste("make down")
        embedded.wipe(folder / "var")
        shutil.rmtree(folder)
