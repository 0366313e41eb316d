"""Checks that no file names a package registry or a path of one machine.

`python -m tools.forbidden_text [ROOT]` looks at what git tracks or would track; exits 1 with file and line.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# Each pattern is written so that it does not match itself.
_PATTERNS = r"""
pypi\.org pythonhosted\.org maven\.org maven\.apache\.org npmjs\.(org|com) crates\.io golang\.org
(deb|security|ftp)\.debian\.org dev[p]i artif[a]ctory jfro[g] jitpac[k]
/wor[k]/ /roo[t]/ /home/[a-z] /Users/[A-Z] /tmp/\w+_jobs /opt/wheel[s] \.py[e]nv
"""
FORBIDDEN = re.compile("|".join(_PATTERNS.split()), re.IGNORECASE)

_SKIPPED_FOLDERS = {".git", ".venv", "var", "build", "dist", "__pycache__", "node_modules"}
_MAX_BYTES = 8 << 20


def files(root: Path) -> list[Path]:
    """The files that git tracks or would track; without git all but data and caches."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607  git of the PATH
            cwd=root, capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        return sorted(root / name for name in listed if name and (root / name).is_file())
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and not _SKIPPED_FOLDERS & set(path.relative_to(root).parts)
    )


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Line number and forbidden part of each line that has one."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = FORBIDDEN.search(line)
        if found:
            yield number, found[0]


def main(arguments: Sequence[str]) -> int:
    """Print each finding; returns the exit status."""
    root = Path(arguments[0]) if arguments else Path()
    wrong: list[str] = []
    listed = files(root)
    for path in listed:
        content = path.read_bytes()
        if b"\0" in content[:8192] or len(content) > _MAX_BYTES:
            continue
        text = content.decode("utf-8", errors="replace")
        name = path.relative_to(root).as_posix()
        wrong += [f"{name}:{number}: forbidden text {part!r}" for number, part in findings(text)]
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    sys.stdout.write(f"text: {len(listed)} files\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
