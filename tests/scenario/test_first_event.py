"""The pages for newcomers, word for word: README's first event, then the life of a dossier."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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
        (folder / "var").mkdir(parents=True)
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


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """Inside of the repository: the user of PostgreSQL must be able to come to its programs."""
    folder = REPOSITORY / "var" / own_name("checkout")
    made = Checkout(folder)
    try:
        yield made
    finally:
        made.paste("make down")
        embedded.wipe(folder / "var")
        shutil.rmtree(folder)


@pytest.mark.needs("kcat")
@pytest.mark.timeout(600)
def test_a_newcomer_gets_a_receipt_then_the_result_and_may_begin_anew_beside_what_runs(
    checkout: Checkout,
) -> None:
    first_event, life = blocks("README.md", "First event"), blocks("docs/life-of-a-dossier.md")

    told = checkout.paste(first_event)
    assert "ce_type=onestop.dossier.submitted.v1" in told
    assert "ce_type=onestop.receipt.accepted.v1" in told

    told = checkout.paste(life)
    assert "not taken any more" not in told, "make up keeps the password that `hub setup` has drawn"
    assert "ce_type=onestop.identity.matched.v1" in told
    assert "ce_type=onestop.result.returned.v1" in told.splitlines()[-1]
    assert "receipt.refused" not in told
    assert '"rule":' not in told

    told = checkout.paste(first_event)
    assert "hub: keeps its password, which is in var/hub.env" in told
    assert "ce_type=onestop.receipt.accepted.v1" in told
    assert "the hub is up" in checkout.paste("make up")
