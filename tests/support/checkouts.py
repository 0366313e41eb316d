"""Pages for newcomers, pasted word for word into a fresh checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.embedded import stack as embedded
from tests.support.stack import REPOSITORY, own_name

_LIMIT_S = 150
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, heading: str | None = None) -> str:
    """The commands of a page, or of what stands below one of its headings, as one script."""
    text = (REPOSITORY / page).read_text("utf-8")
    if heading is not None:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = _BLOCK.findall(text)
    assert found, page
    return "\n".join(found)


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
