"""Builds the pages as a site: `python -m tools.docs_site`, a part of `make docs-site`; 1 for a wrong link.

The pages are laid out under `var/docs-site/pages`, with what they lead to, and built by zensical, which has
an environment of its own. Everything that a browser loads lies in the site.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from hub.embedded.jars import ensure_jars
from hub.embedded.state import Folders
from hub.errors import StartupError
from tools.docs_pages import MERMAID, Pages
from tools.site_links import faults

_TOOLS = Path(__file__).parent
_LIMIT_S = 300


def main() -> int:
    """Lay out, build, check; one line for each fault, and the place of the site at the end."""
    folders = Folders.of(Path(os.environ.get("HUB_HOME") or "var"))
    folder = folders.home / "docs-site"
    try:
        pages = lay_out(folder, folders.cache / "docs-site")
    except (StartupError, FileNotFoundError) as error:
        sys.stderr.write(f"docs-site: {error}\n")
        return 2
    program = Path(".venv-docs/bin/zensical").absolute()
    command = [str(program), "build", "--strict", "--clean", "--config-file", "zensical.toml"]
    built = subprocess.run(  # noqa: S603  a program of the locked environment
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=_LIMIT_S
    )
    if built.returncode:
        sys.stderr.write(built.stdout + built.stderr)
        return 1
    wrong = list(faults(folder / "site"))
    sys.stderr.writelines(f"docs-site: {line}\n" for line in wrong)
    site = folder / "site"
    sys.stdout.write(f"docs-site: {pages} pages; to read them: python3 -m http.server -d {site}\n")
    return 1 if wrong else 0


def lay_out(folder: Path, jars: Path) -> int:
    """Everything that the site is built of; returns the number of pages."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = Pages(Path()).lay_out(folder / "pages")
    shutil.copyfile(_TOOLS / "docs_site.toml", folder / "zensical.toml")
    shutil.copyfile(_TOOLS / "docs_site.css", folder / "pages" / "site.css")
    (jar,) = ensure_jars(jars, lambda _said: None, _TOOLS / "docs_site.lock")
    with zipfile.ZipFile(jar) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(f"/dist/{MERMAID}"))
        (folder / "pages" / MERMAID).write_bytes(archive.read(name))
    return pages


if __name__ == "__main__":
    sys.exit(main())
