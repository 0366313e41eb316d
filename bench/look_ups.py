"""The page for everybody at a steady rate with many stored dossiers: how long until a look-up is answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from bench.arena import Arena, Bench, arena, settle_disk
from bench.gateway_https import Line
from bench.measuring import CpuMeter
from bench.results import page, table
from hub.dossier.state.codec import to_json
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from tests.support.dossiers import in_process
from tests.support.public_pages import People, own_page

_KEYS, _AT_ONCE = 20_000, 20_000
_UNIT, _A_DAY = "000.12.34.H07", 9_999
_TARGET_MS = 50.0
_WARM_UP_S = 5.0
_GUESSES = 4_000
_LINES = 64
_DUE = "Ngày hẹn".encode()
_OPEN = {
    "HUB_ENVIRONMENT": "test",
    "HUB_PUBLIC__LOOK_UPS_PER_MINUTE": "1000000",
    "HUB_PUBLIC__LOOK_UPS_AT_ONCE": "1000000",
    "HUB_PUBLIC__TRIES_PER_HOUR": "1000000",
    "HUB_PUBLIC__TRIES_AT_ONCE": "1000000",
    "HUB_PUBLIC__MAX_ADDRESS_CONNECTIONS": "1000",
}
"""All come from one address here; plain HTTP, as a door behind another may speak on loopback."""
_COLUMNS = {
    "dossier": ("id", "head", "sequence", "state", "mac"),
    "dossier_key": ("dossier_id", "wrapped"),
    "alias": ("alias", "dossier_id", "mac"),
}


@dataclass(frozen=True, slots=True)
class LookUpsPlan:
    """Half of the look-ups open the link of the QR code, half type the end of a telephone number."""

    dossiers: int = 1_000_000
    rate: int = 200
    seconds: float = 60
    rounds: int = 3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class LookUpsMeasured:
    """One round; from the moment a look-up was due to be sent until its page was there, whole."""

    round: int
    look_ups: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    page_cores: float
    postgres_cores: float
    foreign_cores: float
    wrong_ms: Sequence[float]
    """p50, p95 of guesses about dossiers that there are, with another end of the telephone number."""
    unknown_ms: Sequence[float]
    """p50, p95 of guesses about codes that were never given, one of each by turns."""


async def run_look_ups(bench: Bench, plan: LookUpsPlan) -> list[LookUpsMeasured]:
    """Fill the tables once, then each round against the same process."""
    results = []
    async with arena(bench, partitions=1) as place:
        await _fill(place, plan.dossiers)
        await settle_disk(bench)
        async with own_page(place.hub, place.folder, place.hub.dsn, **_OPEN) as people:
            for number in range(plan.rounds):
                one = await _round(bench, place.hub.store_key, people, plan, number)
                print(
                    f"look-ups round {number + 1}/{plan.rounds} {plan.rate}/s of {plan.dossiers:,} dossiers: "
                    f"p50 {one.p50_ms:.1f} p95 {one.p95_ms:.1f} p99 {one.p99_ms:.1f} ms, page "
                    f"{one.page_cores:.2f} cores, foreign {one.foreign_cores:.2f}; guesses p50 wrong "
                    f"{one.wrong_ms[0]:.2f}, unknown {one.unknown_ms[0]:.2f} ms",
                    flush=True,
                )
                results.append(one)
    return results


def code_of(number: int) -> str:
    """An official code of its own for each."""
    day, serial = divmod(number, _A_DAY)
    return f"{_UNIT}-{day // 336 + 20:02}{day // 28 % 12 + 1:02}{day % 28 + 1:02}-{serial + 1:04}"


def digits_of(number: int) -> str:
    """The end of its applicant's telephone number."""
    return f"{number * 7919 % 10_000:04}"


async def _fill(place: Arena, size: int) -> None:
    """Rows as an engine writes them, of a dossier that an agency has in hand; 20,000 keys are shared."""
    database, master = place.hub.database, MasterKey.from_file(place.hub.master_key_file)
    story = in_process()
    whole = to_json(story.now)
    assert story.now.code is not None
    before, behind = whole.split(story.now.code.encode())
    keys = [master.new_key().wrapped for _ in range(_KEYS)]
    for first in range(0, size, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, size))
        made = [_rows(master.store, number, before, behind, keys[number % _KEYS]) for number in numbers]
        for table_name, columns in _COLUMNS.items():
            records = [row for rows in made for row in rows[table_name]]
            await database.copy_records_to_table(table_name, records=records, columns=columns, timeout=600)
    for table_name in _COLUMNS:
        await database.execute(f"vacuum (analyze) {table_name}", timeout=1200)


def _rows(
    key: StoreKey, number: int, before: bytes, behind: bytes, wrapped: bytes
) -> Mapping[str, list[tuple[Any, ...]]]:
    drawn = random.Random(number).getrandbits(128)  # noqa: S311  a fixed seed is wanted
    dossier, code = UUID(int=drawn, version=4), code_of(number)
    name, state, head = str(dossier), before + code.encode() + behind, sha256(code.encode()).digest()
    aliases = (f"code:{code}", key.look_up.phone_alias(name, digits_of(number)))
    return {
        "dossier": [(dossier, head, 9, state, key.dossier(name, head, 9, state, None, wrapped))],
        "dossier_key": [(dossier, wrapped)],
        "alias": [(alias, dossier, key.alias(alias, name)) for alias in aliases],
    }


async def _round(
    bench: Bench, key: StoreKey, people: People, plan: LookUpsPlan, number: int
) -> LookUpsMeasured:
    asked = list(_asked(key, plan, number))
    pid = people.page.pid
    await _drive(people.url, asked[: int(plan.rate * _WARM_UP_S)], plan.rate)
    meter = CpuMeter(bench, [pid])
    begun, started = meter.read(), time.perf_counter()
    times = sorted(await _drive(people.url, asked[int(plan.rate * _WARM_UP_S) :], plan.rate))
    used, elapsed = meter.read().since(begun), time.perf_counter() - started
    p50, p95, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    cores = (used.client / elapsed, used.postgres / elapsed, used.foreign / elapsed)
    guessed = await _guess(people.url, plan, number)
    return LookUpsMeasured(number, len(times), p50, p95, p99, *cores, *guessed)


async def _guess(url: str, plan: LookUpsPlan, number: int) -> tuple[Sequence[float], Sequence[float]]:
    """One after the other, wrong and unknown by turns; both get the same page but for the code."""
    place, drawn = urlsplit(url), random.Random(f"{plan.seed}/{number}/guesses")  # noqa: S311  as above
    line = Line(*await asyncio.open_connection(place.hostname, place.port))
    taken: tuple[list[float], list[float]] = ([], [])
    answers = set[tuple[int, bytes]]()
    for turn in range(_GUESSES):
        one = drawn.randrange(plan.dossiers)
        code, factor = code_of(one + turn % 2 * plan.dossiers), f"{(int(digits_of(one)) + 1) % 10_000:04}"
        started = time.perf_counter()
        reply = await line.exchange(_request(code, factor))
        taken[turn % 2].append((time.perf_counter() - started) * 1000)
        answers.add((reply.status, reply.body.replace(code.encode(), b"")))
    await line.close()
    if len(answers) != 1 or any(_DUE in body for _, body in answers):
        raise AssertionError("an answer tells a wrong guess from one about no dossier")
    wrong, unknown = ([sorted(ms)[int(len(ms) * share)] for share in (0.5, 0.95)] for ms in taken)
    return wrong, unknown


def _asked(key: StoreKey, plan: LookUpsPlan, number: int) -> Iterator[tuple[str, str]]:
    """Code and factor of dossiers anywhere in the tables."""
    drawn = random.Random(f"{plan.seed}/{number}")  # noqa: S311  a fixed seed is wanted
    for turn in range(round(plan.rate * (plan.seconds + _WARM_UP_S))):
        one = drawn.randrange(plan.dossiers)
        code = code_of(one)
        yield code, key.look_up.check_code(code) if turn % 2 else digits_of(one)


def _request(code: str, factor: str) -> bytes:
    """The link of the QR code, or what the form posts."""
    shown = urlencode({"ma": code, "kt": factor})
    if len(factor) > len("1234"):
        return f"GET /tra-cuu?{shown} HTTP/1.1\r\nhost: page\r\n\r\n".encode()
    lines = (
        "POST /tra-cuu HTTP/1.1", "host: page", "content-type: application/x-www-form-urlencoded",
        f"content-length: {len(shown)}", "", shown,
    )  # fmt: skip
    return "\r\n".join(lines).encode()


async def _drive(url: str, asked: Sequence[tuple[str, str]], rate: int) -> list[float]:
    """Open loop: each is sent when it is due, whatever became of those before, while a connection is free."""
    place = urlsplit(url)
    requests = [(code.encode(), _request(code, factor)) for code, factor in asked]
    times, turns, begun = [0.0] * len(asked), iter(range(len(asked))), time.perf_counter()

    async def one_by_one() -> None:
        line = Line(*await asyncio.open_connection(place.hostname, place.port))
        for turn in turns:
            due = begun + turn / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            code, request = requests[turn]
            reply = await line.exchange(request)
            times[turn] = time.perf_counter() - due
            if reply.status != 200 or code not in reply.body or _DUE not in reply.body:
                raise AssertionError(f"look-up of {code.decode()}: {reply.status}, not its page")
        await line.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(_LINES):
            group.create_task(one_by_one())
    return times


def look_ups_page(machine: Mapping[str, Any], plan: LookUpsPlan, measured: Sequence[LookUpsMeasured]) -> str:
    """A row a round."""
    rows = [
        (
            str(one.round + 1), f"{one.look_ups:,}", f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}",
            f"{one.p99_ms:.1f}", f"{one.page_cores:.2f}", f"{one.postgres_cores:.2f}",
            f"{one.foreign_cores:.2f}", *(f"{one.wrong_ms[n]:.2f} / {one.unknown_ms[n]:.2f}" for n in (0, 1)),
        )
        for one in measured
    ]  # fmt: skip
    header = (
        "round",
        "look-ups",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "page cores",
        "PostgreSQL cores",
        "foreign cores",
        "guess p50 ms, wrong / unknown",
        "guess p95 ms, wrong / unknown",
    )
    about = (
        f"Open loop of {plan.rate} look-ups a second for {plan.seconds:.0f} s after {_WARM_UP_S:.0f} s of "
        f"warm-up, of dossiers anywhere in {plan.dossiers:,}; half open the link of the QR code, half type "
        "the end of the telephone number. One process of `hub run public`, plain HTTP; the client, "
        "the page and PostgreSQL share the machine. From the moment a look-up was due until its page was "
        f"there; each page is looked at. The target is a p95 under {_TARGET_MS:.0f} ms. "
        f"Then {_GUESSES:,} guesses one after the other, by turns with a wrong end of a dossier's telephone "
        "number and about a code that was never given: who measures shall not tell them apart."
    )
    return page("Look-ups of the page for everybody", about, machine, [table(header, rows)])
