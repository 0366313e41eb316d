"""Controls: what is broken by which patch, and what the ledger must call it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.ledger.verdict import Class
from tests.support.stack import REPOSITORY

PATCHES = Path(__file__).parent / "patches"
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "build", "__pycache__", ".*_cache", "*.egg-info")


class PatchError(Exception):
    """A patch does not apply to the present code any more: write it anew."""


@dataclass(frozen=True, slots=True)
class Control:
    """One way to break the hub; any class of `caught_as` catches it; some need the adapter."""

    name: str
    broken: str
    caught_as: frozenset[Class]
    has_adapter: bool = False

    @property
    def patch(self) -> Path:
        """Its unified diff."""
        return PATCHES / f"{self.name}.patch"


CONTROLS = (
    Control("inbox_off", "repeats are not looked up", frozenset({"duplicated"})),
    Control("offset_first", "offsets are stored before the effect, by themselves", frozenset({"lost"})),
    Control("heads_not_compared", "a stale state is written over a newer one", frozenset({"misordered"})),
    Control("no_shard_lock", "each engine publishes what it wrote, lock or not", frozenset({"misordered"})),
    Control(
        "unknown_resent", "an unknown outcome is sent again, not asked about", frozenset({"duplicated"}), True
    ),
)


def copy_checkout(folder: Path) -> Path:
    """A copy of the code without data, environments and history."""
    root = folder / "checkout"
    shutil.copytree(REPOSITORY, root, ignore=_LEFT_OUT)
    return root


def apply(control: Control, root: Path) -> None:
    """Apply the patch to a copy; `PatchError` when it does not fit in every line."""
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    command = ["git", "apply", "--whitespace=nowarn", str(control.patch)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PatchError(f"{control.patch.name} does not apply: {done.stderr.strip()}")
