"""Whether each page of a built site leads only to what is there, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADS = {"script": "src", "img": "src", "source": "src", "iframe": "src"}
_LINKS = {"a": "href", "area": "href"}
_LOADING_RELATIONS = frozenset({"stylesheet", "icon", "preload", "prefetch", "preconnect", "manifest"})


@dataclass(slots=True)
class _Page:
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = _Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what this element is called, leads to and loads."""
        given = {name: value for name, value in attrs if value is not None}
        self.page.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in _LINKS and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and _LOADING_RELATIONS & set(given.get("rel", "").split()):
            self.page.loads.append(given.get("href", ""))
        if _LOADS.get(tag) in given:
            self.page.loads.append(given[_LOADS[tag]])


def faults(site: Path) -> Iterator[str]:
    """A line for each link that leads nowhere, and for each thing that would be loaded from elsewhere."""
    pages = {path.resolve(): _read(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        name = path.relative_to(site.resolve()).as_posix()
        for target in page.loads:
            if urlsplit(target).netloc:
                yield f"{name}: loads {target}"
            elif not _file(path, target).exists():
                yield f"{name}: loads {target}, which is not there"
        for link in page.links:
            if _is_inside(link) and not _is_there(path, link, pages):
                yield f"{name}: leads to {link}, which is not there"


def _is_inside(link: str) -> bool:
    parts = urlsplit(link)
    return not parts.scheme and not parts.netloc


def _is_there(path: Path, link: str, pages: dict[Path, _Page]) -> bool:
    target, anchor = _file(path, link), unquote(urlsplit(link).fragment)
    if not target.exists():
        return False
    return not anchor or target not in pages or anchor in pages[target].anchors


def _file(path: Path, link: str) -> Path:
    """The file of a link that is relative to a page."""
    found = (path.parent / unquote(urlsplit(link).path)).resolve() if urlsplit(link).path else path
    return found / "index.html" if found.is_dir() else found


def _read(path: Path) -> _Page:
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.page
