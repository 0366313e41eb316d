"""The site of the pages: what is laid out, what its menu leads to, and which faults are seen."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import REPOSITORY
from tools.docs_pages import Pages
from tools.site_links import faults


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "pages"
    assert Pages(REPOSITORY).lay_out(folder) > 60
    return folder


def named(menu: Any) -> list[str]:
    """The pages of a menu, at whatever depth."""
    if isinstance(menu, str):
        return [menu]
    parts = menu.values() if isinstance(menu, dict) else menu
    return [name for part in parts for name in named(part)]


def test_the_menu_leads_to_every_page_of_the_folder_docs_and_to_nothing_else(laid_out: Path) -> None:
    menu = named(tomllib.loads((REPOSITORY / "tools/docs_site.toml").read_text("utf-8"))["project"]["nav"])
    assert [name for name in menu if not (laid_out / name).is_file()] == []
    pages = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").glob("*.md")}
    assert pages - set(menu) == set()
    assert len(menu) == len(set(menu))


def test_links_that_leave_the_pages_lead_to_what_comes_along(laid_out: Path) -> None:
    first = (laid_out / "index.md").read_text("utf-8")
    assert "](docs/tutorial.md)" in first
    assert "](docs/decisions/index.md)" in first, "a folder is its README"
    assert "](examples/clients/python/life.py.md)" in first, "a program is a page"
    assert '<script src="mermaid.min.js"></script>' in first, "where a picture is drawn"
    assert "<script" not in (laid_out / "docs/tutorial.md").read_text("utf-8")
    catalogue = (laid_out / "docs/catalogue.md").read_text("utf-8")
    assert "](../schemas/generated/json-schema/onestop.case.step.v1.json)" in catalogue
    assert (laid_out / "schemas/generated/json-schema/onestop.case.step.v1.json").is_file()
    listing = (laid_out / "schemas/generated/json-schema/index.md").read_text("utf-8")
    assert "](onestop.case.step.v1.json)" in listing, "a folder without README is a list of its files"
    program = (laid_out / "examples/clients/python/life.py.md").read_text("utf-8")
    assert "````python\n" in program


def test_a_link_to_a_file_that_is_not_there_stops_the_site(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "CHANGELOG.md"):
        (tmp_path / name).write_text("# Page\n\n```sh\necho [a](nowhere.md)\n```\n", "utf-8")
    Pages(tmp_path).lay_out(tmp_path / "pages")
    (tmp_path / "docs" / "page.md").write_text("[there](../nowhere.md)", "utf-8")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.md"):
        Pages(tmp_path).lay_out(tmp_path / "pages")


PAGE = '<html><body><h2 id="here">Here</h2>{}</body></html>'


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="there.html#here">', ""),
        ('<a href="#here">', ""),
        ('<a href="folder/">', ""),
        ('<a href="https://example.org/nowhere">', ""),
        ('<a href="nowhere.html">', "leads to nowhere.html"),
        ('<a href="there.html#nowhere">', "leads to there.html#nowhere"),
        ('<a href="#nowhere">', "leads to #nowhere"),
        ('<script src="https://example.org/a.js"></script>', "loads https://example.org/a.js"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "loads //example.org/a.css"),
        ('<link rel="preconnect" href="https://example.org">', "loads https://example.org"),
        ('<img src="nowhere.png">', "loads nowhere.png"),
        ('<link rel="canonical" href="https://example.org">', ""),
    ],
)
def test_what_leads_nowhere_or_is_loaded_from_elsewhere_is_a_fault(
    tmp_path: Path, body: str, fault: str
) -> None:
    (tmp_path / "folder").mkdir()
    for name, text in (("page.html", body), ("there.html", ""), ("folder/index.html", "")):
        (tmp_path / name).write_text(PAGE.format(text), "utf-8")
    found = list(faults(tmp_path))
    assert [line.partition(": ")[2].partition(", which")[0] for line in found] == ([fault] if fault else [])
