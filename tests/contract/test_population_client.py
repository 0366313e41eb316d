"""The client against hostile servers, and the sandbox's independence of the adapter."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.population_db.adapter import PopulationAdapter
from hub.delivery.adapter import Adapter
from hub.delivery.outcome import RetryAt
from tests.contract.population_world import GOLDEN, KNOWN, check_message, settings_for

REPOSITORY = Path(__file__).parents[2]
TRUE = (GOLDEN / "answer_verify_true.xml").read_bytes()
UNREADABLE = RetryAt(10.0, "population.answer_unreadable")


def http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def server_that_sends(answer: bytes) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"</soapenv:Envelope>")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/service"
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (http("200 OK", TRUE + b" " * 5000), UNREADABLE),
        (http("200 OK", gzip.compress(TRUE, mtime=0), "Content-Encoding: gzip"), UNREADABLE),
        (http("200 OK", gzip.compress(b" " * 10_000_000, mtime=0), "Content-Encoding: gzip"), UNREADABLE),
        (http("200 OK", b""), UNREADABLE),
        (http("302 Found", b"", "Location: http://127.0.0.1:1/"), RetryAt(10.0, "population.http_error")),
        (http("503 Unavailable", b"", "Retry-After: 90"), RetryAt(90.0, "population.busy")),
        (http("401 Unauthorized", b""), RetryAt(900.0, "population.credentials")),
        (http("200 OK", TRUE)[:-20], RetryAt(10.0, "population.unreachable")),
        (b"SSH-2.0-odd\r\n", RetryAt(10.0, "population.unreachable")),
    ],
)
async def test_an_answer_outside_the_protocol_is_could_not_ask(answer: bytes, outcome: RetryAt) -> None:
    async with server_that_sends(answer) as url:
        adapter: Adapter = PopulationAdapter(settings_for(url, max_answer_bytes=4096))
        assert await adapter.deliver(check_message("check-1", KNOWN)) == outcome
        await adapter.aclose()


async def test_an_answer_without_end_is_left_after_its_largest_size() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"</soapenv:Envelope>")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"<a>" * 1000)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/service"
    adapter = PopulationAdapter(settings_for(url, max_answer_bytes=4096))
    assert await adapter.deliver(check_message("check-1", KNOWN)) == UNREADABLE
    await adapter.aclose()
    server.close()
    await server.wait_closed()


async def test_a_report_after_giving_up_is_could_not_ask_with_the_last_reason() -> None:
    adapter: Adapter = PopulationAdapter(settings_for("http://127.0.0.1:1/service"))
    message = check_message("check-1", KNOWN)
    report = adapter.give_up(message, "population.credentials", message.time)
    assert report is not None
    data = json.loads(report.data)
    assert (data["check"], data["outcome"], data["reason"]) == (
        "check-1",
        "unavailable",
        "population.credentials",
    )
    await adapter.aclose()


def test_the_sandbox_loads_nothing_of_the_hub_nor_of_the_adapter() -> None:
    code = (
        "import sys, adapters.population_db.sandbox; "
        "print([m for m in sys.modules if m.startswith(('hub', 'schemas', 'adapters.'))])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    ours = {"", "_json", "_people", "_soap", "_state", "_wires"}
    expected = {"adapters.population_db"} | {f"adapters.population_db.sandbox{part}" for part in ours}
    kit = {"", ".faults", ".journal", ".replies", ".serving"}
    expected |= {f"adapters.sandbox_kit{part}" for part in kit}
    assert set(json.loads(loaded.replace("'", '"'))) == expected


def test_the_sandbox_refuses_a_file_of_persons_that_is_not_marked_synthetic(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    people.write_text('{"people": []}', encoding="utf-8")
    arguments = ["--journal", str(tmp_path / "j"), "--people", str(people)]
    ended = subprocess.run(
        [sys.executable, "-m", "adapters.population_db.sandbox", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "synthetic" in ended.stderr
