"""The page of `make up`: health, counts, dossiers and links of the hub on this machine (loopback only)."""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import re
import signal
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from hub.errors import UntrustedRowError
from hub.http.metrics import HttpMetrics
from hub.logs import log, name_process
from hub.process.health import serve
from hub.process.supervise import AWAY
from tools.local_links import licence_files, links
from tools.local_site import Site
from tools.site_facts import Flow, follow
from tools.site_looking import Looking, PageSettings
from tools.site_view import altered_page, away_page, dossier_page, first_page, several_page, words

HERE = Path(__file__).parent
ASYNCAPI = HERE.parent / "schemas" / "generated" / "asyncapi.json"
_NAME_CHARACTERS = 200


class Template:
    """What stands around `main`; the policy names its one style and its one script by their digests."""

    def __init__(self, text: str) -> None:
        for name, word in (("heading", "title"), ("search", "search")):
            text = text.replace(f"<!-- {name} -->", words(word))
        hint = f"{words('look_up')}: {words('look_up_hint')}"
        self._text = text.replace("<!-- look_up -->", hint).replace("<!-- title -->", "One-stop hub")
        style, script = (_digest(text, element) for element in ("style", "script"))
        self.headers = {
            "content-security-policy": f"default-src 'none'; style-src {style}; script-src {script}; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }

    def filled(self, main: str, status: int = 200) -> Response:
        """A whole page."""
        return HTMLResponse(self._text.replace("<!-- main -->", main), status, self.headers)


def _digest(text: str, element: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
    assert found is not None
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()}'"


def site_app(site: Site, looking: Looking, flow: Flow) -> Starlette:
    """`/`, `/dossier?name=`, `/asyncapi.json`, `/licences/NAME`, `/readyz`."""
    template = Template((HERE / "site_page.html").read_text("utf-8"))

    async def show(_: Request) -> Response:
        return template.filled(first_page(await looking.snapshot(), links(site)))

    async def dossier(request: Request) -> Response:
        try:
            found = await looking.named(request.query_params.get("name", "")[:_NAME_CHARACTERS])
        except UntrustedRowError as error:
            return template.filled(altered_page(str(error)), 409)
        if found is None:
            return template.filled(away_page(), 503)
        if len(found) != 1:
            return template.filled(several_page(found), 200 if found else 404)
        try:
            return template.filled(dossier_page(*await looking.whole(found[0]["id"])))
        except AWAY:
            return template.filled(away_page(), 503)

    async def document(_: Request) -> Response:
        return FileResponse(ASYNCAPI, media_type="application/json")

    async def licences(request: Request) -> Response:
        path = licence_files().get(request.path_params["name"])
        return FileResponse(path, media_type="application/json") if path else Response(status_code=404)

    async def ready(_: Request) -> Response:
        return JSONResponse({"ok": flow.is_fresh}, 200 if flow.is_fresh else 503)

    return Starlette(
        routes=[
            Route("/", show),
            Route("/dossier", dossier),
            Route("/asyncapi.json", document),
            Route("/licences/{name}", licences),
            Route("/readyz", ready),
        ],
        # A page elsewhere that points a name of its own at this machine gets nothing.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


async def run(port: int, home: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings, flow, stop = PageSettings(), Flow(), asyncio.Event()
    site = Site(home)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    looking = Looking(site, settings, flow)
    tasks = {
        asyncio.create_task(follow(settings.kafka, flow)),
        asyncio.create_task(
            serve(
                site_app(site, looking, flow),
                "127.0.0.1",
                port,
                lambda taken: log("health_ready", port=taken),
                HttpMetrics(CollectorRegistry()),
            )
        ),
    }
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    done = {task for task in tasks if task.done()}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=5)
    await looking.close()
    for task in tasks & done:
        task.result()


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools.site_page", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--home", type=Path, required=True, help="the home of `make up`")
    options = parser.parse_args()
    name_process("page", "page")
    asyncio.run(run(options.port, options.home))
    return 0


if __name__ == "__main__":
    sys.exit(main())
