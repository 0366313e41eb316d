"""The page of `make up`: links to what runs here, and the last facts as they come (loopback only)."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from html import escape
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.http.metrics import HttpMetrics
from hub.kafka import client as kafka
from hub.logs import log, name_process
from hub.process.health import serve
from hub.settings import KafkaSettings

HERE = Path(__file__).parent
ASYNCAPI = HERE.parent / "schemas" / "generated" / "asyncapi.json"
FACTS_TOPIC = "dossier.facts"
_KEPT = 50
_ALIVE_S = 15.0
_STALE_S = 30.0
_READ_MS = 1000
_AGAIN_S = 2.0
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}

Links = Mapping[str, Mapping[str, str]]
"""Addresses by title, by heading."""


class PageSettings(BaseSettings):
    """How the page reaches the broker; its user may read the facts and nothing else."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    kafka: KafkaSettings


class Flow:
    """The last facts, and whoever waits for the next ones."""

    def __init__(self) -> None:
        self.last: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.read_at = time.monotonic()
        self._waiting: set[asyncio.Queue[dict[str, str]]] = set()

    def add(self, fact: dict[str, str]) -> None:
        """A new fact, for everybody."""
        self.last.append(fact)
        for queue in self._waiting:
            if not queue.full():
                queue.put_nowait(fact)

    async def events(self) -> AsyncIterator[str]:
        """The kept facts, then new ones as they come, as server-sent events; without end."""
        queue: asyncio.Queue[dict[str, str]] = asyncio.Queue(maxsize=1000)
        self._waiting.add(queue)
        try:
            for fact in list(self.last):
                yield as_event(fact)
            while True:
                try:
                    yield as_event(await asyncio.wait_for(queue.get(), _ALIVE_S))
                except TimeoutError:
                    yield ": alive\n\n"
        finally:
            self._waiting.discard(queue)


def as_event(fact: Mapping[str, str]) -> str:
    """One server-sent event (pure)."""
    return f"event: fact\ndata: {json.dumps(fact)}\n\n"


def shown_of(record: kafka.ConsumerRecord) -> dict[str, str]:
    """What is shown of a fact: type, time, the beginning of the dossier's id; never its contents (pure)."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    return {
        "type": headers.get("ce_type", "?"),
        "time": headers.get("ce_time", "?"),
        "dossier": (record.key or b"?").decode("utf-8", "replace")[:8],
    }


async def follow(settings: KafkaSettings, flow: Flow) -> None:
    """Read the facts from near their end on; begins again when the broker was away."""
    topic = settings.prefix + FACTS_TOPIC
    is_first = True
    while True:
        consumer = kafka.consumer(settings, "page", group=None, offset_reset="latest", fetch_wait_ms=500)
        try:
            await consumer.start()
            numbers = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001  the client knows no partition without a group
            places = [kafka.TopicPartition(topic, number) for number in numbers]
            consumer.assign(places)
            if is_first:
                await _go_back(consumer, places)
                is_first = False
            while True:
                got = await consumer.getmany(timeout_ms=_READ_MS)
                records = [record for part in got.values() for record in part]
                for record in sorted(records, key=lambda record: int(record.timestamp)):
                    flow.add(shown_of(record))
                flow.read_at = time.monotonic()
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            log("page_waits", error=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)
        finally:
            await consumer.stop()


async def _go_back(consumer: kafka.AIOKafkaConsumer, places: list[kafka.TopicPartition]) -> None:
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, max(starts[place], ends[place] - _KEPT))


def page_of(template: str, links: Links) -> str:
    """The page with its links (pure)."""
    parts = []
    for heading, addresses in links.items():
        items = "".join(
            f'<li><a href="{escape(address)}">{escape(title)}</a></li>'
            for title, address in addresses.items()
        )
        parts.append(f"<h2>{escape(heading)}</h2>\n<ul>{items}</ul>")
    return template.replace("<!-- links -->", "\n".join(parts))


def site_app(links: Path, flow: Flow) -> Starlette:
    """`/`, `/flow` (server-sent events), `/asyncapi.json`, `/readyz`; `links` is read with each look."""
    template = (HERE / "site_page.html").read_text("utf-8")

    def show(_: Request) -> Response:
        page = page_of(template, json.loads(links.read_text("utf-8")))
        return HTMLResponse(page, headers=_HEADERS)

    async def stream(_: Request) -> Response:
        return StreamingResponse(flow.events(), media_type="text/event-stream", headers=_HEADERS)

    async def document(_: Request) -> Response:
        return FileResponse(ASYNCAPI, media_type="application/json")

    async def ready(_: Request) -> Response:
        is_fresh = time.monotonic() - flow.read_at < _STALE_S
        return JSONResponse({"ok": is_fresh}, 200 if is_fresh else 503)

    return Starlette(
        routes=[
            Route("/", show),
            Route("/flow", stream),
            Route("/asyncapi.json", document),
            Route("/readyz", ready),
        ],
        # A page elsewhere that points a name of its own at this machine gets nothing.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


async def run(port: int, links: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    flow, stop = Flow(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = {
        asyncio.create_task(follow(PageSettings().kafka, flow)),
        asyncio.create_task(
            serve(
                site_app(links, flow),
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
    for task in tasks & done:
        task.result()


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools.site_page", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--links", type=Path, required=True, help="JSON: addresses by title, by heading")
    options = parser.parse_args()
    name_process("page", "page")
    asyncio.run(run(options.port, options.links))
    return 0


if __name__ == "__main__":
    sys.exit(main())
