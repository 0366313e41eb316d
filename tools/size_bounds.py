"""Checks the sizes of files and functions: `python -m tools.size_bounds [ROOT]`; prints the offenders."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("hub", "adapters", "schemas", "tests", "examples", "bench", "tools", "deploy")
MAX_FILE, P90_FILE = 400, 250
MAX_FUNCTION, P90_FUNCTION = 60, 30


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines something has, and where it stands."""

    lines: int
    place: str


def files(root: Path) -> list[Path]:
    """All Python files of the repository's own folders, in a stable order."""
    return sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))


def function_sizes(text: str, name: str) -> Iterator[Size]:
    """Each function of a file, decorators left out; a nested one counts in its outer one too."""
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield Size(node.end_lineno - node.lineno + 1, f"{name}:{node.lineno} {node.name}")


def p90(sizes: Iterable[Size]) -> int:
    """The size that nine of ten do not exceed; 0 for none."""
    ordered = sorted(size.lines for size in sizes)
    return ordered[(len(ordered) * 9 + 9) // 10 - 1] if ordered else 0


def offences(kind: str, sizes: Sequence[Size], most: int, most_p90: int) -> list[str]:
    """One line for each that is too long, and one when nine of ten are not short enough."""
    wrong = [
        f"{size.place}: {size.lines} lines, at most {most}"
        for size in sorted(sizes, key=lambda size: -size.lines)
        if size.lines > most
    ]
    middle = p90(sizes)
    if middle > most_p90:
        wrong.append(f"{kind}s: nine of ten have up to {middle} lines, wanted are {most_p90}")
        wrong += [
            f"  {size.place}: {size.lines} lines"
            for size in sorted(sizes, key=lambda size: -size.lines)[:10]
            if size.lines <= most
        ]
    return wrong


def main(arguments: Sequence[str]) -> int:
    """Print what is too long and a summary; returns the exit status."""
    root = Path(arguments[0]) if arguments else Path()
    sources = {path: path.read_text("utf-8") for path in files(root)}
    names = {path: path.relative_to(root).as_posix() for path in sources}
    by_file = [Size(len(text.splitlines()), names[path]) for path, text in sources.items()]
    by_function = [size for path, text in sources.items() for size in function_sizes(text, names[path])]
    wrong = [
        *offences("file", by_file, MAX_FILE, P90_FILE),
        *offences("function", by_function, MAX_FUNCTION, P90_FUNCTION),
    ]
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    sys.stdout.write(
        f"sizes: {len(by_file)} files (p90 {p90(by_file)}), "
        f"{len(by_function)} functions (p90 {p90(by_function)})\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
