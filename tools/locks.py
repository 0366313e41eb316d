"""Checks the locked requirements: `python -m tools.locks`; exits 1 with what is wrong.

Every line is a pin with SHA-256 hashes, no index and no URL stand there, and each requirement of
`pyproject.toml` is pinned to a version that it allows.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = {
    "requirements.lock": ("dependencies", "dev"),
    "requirements-run.lock": ("dependencies", "image"),
    "requirements-bench.lock": ("bench",),
    "requirements-docs.lock": ("docs",),
}
"""File -> the dependency groups that it holds; `dependencies` are the project's own."""
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.\-]*)==(?P<version>\S+)( ; [^\\]+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
_ORIGIN = re.compile(r"^    # via\b|^    #   \S+( \(\S+\))?$")


def line_faults(text: str) -> Iterator[str]:
    """What is neither a pin, nor a SHA-256 hash, nor the word on who needs it; and pins without a hash."""
    unhashed = ""
    for number, line in enumerate([*text.splitlines(), "end==0 \\"], start=1):
        if _PIN.match(line):
            if unhashed:
                yield unhashed
            unhashed = f"{number}: no hash for {line.split(' ')[0]}"
        elif _HASH.match(line):
            unhashed = ""
        elif not _ORIGIN.match(line):
            yield f"{number}: neither pin nor hash: {line[:80]}"


def pins(text: str) -> dict[str, list[str]]:
    """The versions of each pinned package; several when they depend on the platform."""
    found: dict[str, list[str]] = {}
    for match in filter(None, map(_PIN.match, text.splitlines())):
        found.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    return found


def requirement_faults(wanted: list[str], pinned: dict[str, list[str]]) -> Iterator[str]:
    """Requirements that are not pinned, or pinned to what they do not allow."""
    for requirement in map(Requirement, wanted):
        versions = pinned.get(canonicalize_name(requirement.name), [])
        if not versions:
            yield f"{requirement} is not pinned"
        for version in versions:
            if not requirement.specifier.contains(version, prereleases=True):
                yield f"{requirement} is pinned to {version}"


def main() -> int:
    """Check all locks; returns the exit status."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    listed = project["dependency-groups"] | {"dependencies": project["project"]["dependencies"]}
    wrong: list[str] = []
    for name, groups in LOCKS.items():
        text = Path(name).read_text("utf-8")
        wanted = [item for group in groups for item in listed[group]]
        wrong += [f"{name}:{fault}" for fault in line_faults(text)]
        wrong += [f"{name}: {fault}: run `make lock`" for fault in requirement_faults(wanted, pins(text))]
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
