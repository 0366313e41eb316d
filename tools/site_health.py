"""The health of a hub on this machine: each process and server, with what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.embedded import stack
from hub.embedded.lifecycle import TITLES
from hub.embedded.process import find
from hub.errors import StartupError
from tools.local_site import Site

_START = "make up"
_LINE = 200
_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Health:
    """One process: a sentence about it, and what to do when it is not well."""

    name: str
    is_well: bool
    says: str
    do: str = ""


async def health(site: Site, http: httpx.AsyncClient) -> list[Health]:
    """The servers, then every process that `make up` has started."""
    servers, processes = await asyncio.gather(
        asyncio.to_thread(_servers, site.home),
        asyncio.gather(*[_of_process(site, name, http) for name in site.records() if name != "page"]),
    )
    return [*servers, *processes]


def _servers(home: Path) -> list[Health]:
    try:
        found = stack.status(home)
    except StartupError as error:
        return [Health("Kafka, PostgreSQL", is_well=False, says=str(error), do=_START)]
    return [
        Health(TITLES[one.server], is_well=True, says=f"answers on port {one.port}")
        if one.state == "ready"
        else Health(TITLES[one.server], is_well=False, says=_of_server(one.state, one.log), do=_START)
        for one in found
    ]


def _of_server(state: str, log: Path) -> str:
    return f"is {state}; log: {log}"


async def _of_process(site: Site, name: str, http: httpx.AsyncClient) -> Health:
    if find(site.records().get(name)) is None:
        line = last_line(site.log(name))
        return Health(name, is_well=False, says=f"has ended; its last line: {line}", do=_START)
    url = site.health_url(name)
    if url is None:
        return Health(name, is_well=False, says="does not say yet where it answers", do=_START)
    try:
        answer = await http.get(url, timeout=_ANSWER_S)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        says = f"runs and does not answer ({type(error).__name__}); log: {site.log(name)}"
        return Health(name, is_well=False, says=says, do=_START)
    return of_answer(name, answer.status_code, body if isinstance(body, dict) else {})


def of_answer(name: str, status: int, body: Mapping[str, Any]) -> Health:
    """What `/readyz`, or `/_health` of a stand-in, says (pure)."""
    impaired = [str(one) for one in body.get("impaired") or ()]
    if status == 200 and not impaired:
        return Health(name, is_well=True, says="works")
    if status == 200:
        return Health(name, is_well=False, says=f"works, but not: {'; '.join(impaired)}", do="hub failures")
    return Health(name, is_well=False, says=f"is not ready: {body.get('reason') or status}", do="hub doctor")


def last_line(log: Path) -> str:
    """The last line of a log, cut where it is long."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return "no log"
    return lines[-1][:_LINE] if lines else "no output"
