"""Test support: an adapter from outside the repository in an environment of its own, and its office."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

PACKAGE = Path(__file__).parents[1] / "outside"

Manner = Literal["take", "refuse", "take_and_cut"]


async def environment_with_adapter(folder: Path) -> str:
    """Build the package outside the repository's tree and install it beside the hub; the interpreter's path.

    The environment is new, has the hub's packages by a path file, and reaches no package registry.
    """
    source, own = folder / "source", folder / "environment"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    await asyncio.to_thread(venv.create, own, with_pip=False)
    python = own / "bin" / "python"
    ours = sysconfig.get_paths()["purelib"]
    place = Path(sysconfig.get_path("purelib", vars={"base": str(own), "platbase": str(own)}))
    (place / "hub.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--no-input"),
        *("install", "--no-deps", "--no-build-isolation", "--no-index", str(source)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return str(python)


class TaxOffice:
    """Takes notices by their ids; `manners` says what it does else, by taxpayer; silent: to no query."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.manners: dict[str, Manner] = {}
        self.is_silent = False
        self.url = ""

    def take(self, notice: str, body: dict[str, Any]) -> HTTPStatus | None:
        """The status of an answer; None: no answer."""
        manner = self.manners.get(body["taxpayer"], "take")
        if manner == "refuse":
            return HTTPStatus.UNPROCESSABLE_ENTITY
        self.taken.append(notice)
        return None if manner == "take_and_cut" else HTTPStatus.CREATED

    def find(self, notice: str) -> HTTPStatus:
        """Whether it has the notice."""
        if self.is_silent:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK if notice in self.taken else HTTPStatus.NOT_FOUND

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Answer calls."""
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = office.take(self.path.rpartition("/")[2], body)
                if status is not None:
                    self._answer(status)

            def do_GET(self) -> None:
                self._answer(office.find(self.path.rpartition("/")[2]))

            def _answer(self, status: HTTPStatus) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
                """Nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/notices"
            try:
                yield
            finally:
                server.shutdown()
                thread.join()
