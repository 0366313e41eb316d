"""Lays out the pages as the site has them: paths stay, and what links lead to comes along."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_ELSEWHERE = ("http://", "https://", "mailto:")
_AS_IT_IS = frozenset({".json", ".xsd", ".png", ".svg"})
"""Files that a browser shows by itself; other files become pages with their text."""
_LANGUAGES = {
    ".py": "python",
    ".java": "java",
    ".mjs": "javascript",
    ".sh": "sh",
    ".xml": "xml",
    ".toml": "toml",
}
MERMAID = "mermaid.min.js"
"""Draws pictures; without it on the page, the theme would load it from elsewhere."""
_BEGIN = ("README.md", "CHANGELOG.md")


class Pages:
    """The pages of a repository and whatever they lead to, each once."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._found: dict[Path, None] = {}

    def lay_out(self, folder: Path) -> int:
        """Write all into this folder, which is made anew; returns the number of pages."""
        shutil.rmtree(folder, ignore_errors=True)
        todo = [self._root / name for name in _BEGIN] + sorted((self._root / "docs").rglob("*.md"))
        while todo:
            path = todo.pop(0)
            if path in self._found:
                continue
            self._found[path] = None
            target = folder / self._place(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.suffix == ".md":
                target.write_text(self._page(path, todo.append), "utf-8")
            else:
                shutil.copyfile(path, target)
        return sum(self._place(path).suffix == ".md" for path in self._found)

    def _place(self, path: Path) -> Path:
        """Where a file or folder of the repository stands on the site."""
        short = path.relative_to(self._root)
        if path.is_dir():
            return short / "index.md"
        if path.name == "README.md":
            return short.with_name("index.md")
        if path.suffix == ".md" or path.suffix in _AS_IT_IS:
            return short
        return short.with_name(f"{short.name}.md")

    def _page(self, path: Path, note: Callable[[Path], None]) -> str:
        if path.is_dir():
            return self._listing(path, note)
        text = path.read_text("utf-8")
        if path.suffix != ".md":
            name = path.relative_to(self._root).as_posix()
            return f"# `{name}`\n\n````{_LANGUAGES.get(path.suffix, 'text')}\n{text}\n````\n"
        parts = _FENCE.split(text)
        parts[::2] = [self._turned(part, path, note) for part in parts[::2]]
        if "```mermaid\n" in text:
            script = os.path.relpath(MERMAID, self._place(path).parent)
            parts.append(f'\n<script src="{script}"></script>\n')
        return "".join(parts)

    def _turned(self, text: str, page: Path, note: Callable[[Path], None]) -> str:
        def turn(found: re.Match[str]) -> str:
            link, anchor = found[1], found[2] or ""
            if link.startswith(_ELSEWHERE):
                return found[0]
            target = self._target(page.parent / link)
            note(target)
            return self._link(page, target) + anchor

        return _LINK.sub(turn, text)

    def _target(self, path: Path) -> Path:
        resolved = path.resolve()
        if not resolved.is_relative_to(self._root) or not resolved.exists():
            raise FileNotFoundError(f"{path}: no such file in the repository")
        if resolved.is_dir() and (resolved / "README.md").exists():
            return resolved / "README.md"
        return resolved

    def _link(self, page: Path, target: Path) -> str:
        return Path(os.path.relpath(self._place(target), self._place(page).parent)).as_posix()

    def _listing(self, folder: Path, note: Callable[[Path], None]) -> str:
        lines = [f"# `{folder.relative_to(self._root).as_posix()}`\n"]
        for path in _files(folder):
            note(path)
            lines.append(f"* [{path.relative_to(folder).as_posix()}]({self._link(folder, path)})")
        return "\n".join(lines) + "\n"


def _files(folder: Path) -> Iterator[Path]:
    yield from (
        path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    )
