"""The portal's door under thousands of altered calls: always an answer, never a payment by a stranger."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from random import Random, SystemRandom
from typing import Any

import httpx
import pytest

from hub.embedded.stack import StackAddress
from tests.contract.portal_world import PAYMENT_SECRET
from tests.integration.adapters.test_portal_adapter import LODGED, signed
from tests.integration.adapters.test_portal_door_attacks import CONFIRM, LODGE, LOOKUP, asked, lookup
from tests.support.door_mutations import SIGNED, Body, Mutator, is_genuine, joined
from tests.support.plain_http import plain_http
from tests.support.portal_site import Site, portal_site, running

pytestmark = pytest.mark.long

SEARCH = "/search/call"
AT_ONCE = 4


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with portal_site(stack, tmp_path_factory.mktemp("site")) as made, running(made):
        yield made


def forged(code: str) -> Body:
    """A result for which nobody paid, signed with a guess."""
    fields = {name: value for name, value in signed(code).items() if name in SIGNED}
    return {**fields, "MaXacThuc": joined([str(value) for value in fields.values()], "a guess")}


def bases(code: str) -> list[tuple[str, Body]]:
    """What comes in on a good day, and what strangers have: a refusal that they overheard, and guesses."""
    overheard = signed(code, MaLoi="24")
    lodging = {"service": "NopHoSo", "isUpdating": "False", "madonvi": "x", "data": LODGED}
    return [
        (SEARCH, {"madonvi": "x", "service": "y", "masohoso": code}),
        (LODGE, lodging),
        (LODGE, lodging | {"data": LODGED | {"MaHoSo": code}}),
        (LOOKUP, {"MaHoSo": code}),
        (LOOKUP, lookup(code)),
        (CONFIRM, overheard),
        (CONFIRM, overheard | {"MaLoi": "00"}),
        (CONFIRM, forged(code)),
        (CONFIRM, forged(code)),
    ]


def judged(path: str, raw: bytes, answer: httpx.Response) -> str | None:
    """What is wrong with an answer; None when it is as the contract says."""
    if answer.status_code != 200:
        return f"HTTP {answer.status_code}"
    said = answer.json()
    if not isinstance(said, dict) or not said.keys() & {"error_code", "MaLoi", "MaHoSo"}:
        return "no code"
    names = SIGNED if path == CONFIRM else ("MaHoSo",)
    if hash_in(said) and not is_genuine(raw, names, PAYMENT_SECRET):
        return "signed for a stranger"
    return None


def hash_in(said: dict[str, Any]) -> str:
    message = said.get("message")
    held = message if isinstance(message, dict) else said
    return str(held.get("MaXacThuc") or "")


async def bombarded(site: Site, seed: int, count: int) -> None:
    """Send the calls, judge each answer, and look at what became of the payment."""
    print(f"seed {seed}")
    dossier, code = await asked(site)
    mutator = Mutator(Random(seed), bases(code))  # noqa: S311  a test that can be repeated
    seen: Counter[str] = Counter()
    calls = mutator.calls(count)

    async def sender(http: httpx.AsyncClient) -> None:
        for path, raw in calls:
            answer = await http.post(site.door + path, content=raw)
            wrong = judged(path, raw, answer)
            assert wrong is None, f"seed {seed}: {wrong}: {path} {raw[:2000]!r}: {answer.text[:500]}"
            said = answer.json()
            seen[f"{path} {said.get('error_code', said.get('MaLoi', 'found'))}"] += 1
            if hash_in(said):
                mutator.heard.append(hash_in(said))

    async with plain_http(30) as http, asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(sender(http))
    # Each call has come through to where it is decided, also unaltered.
    assert {f"{SEARCH} found", f"{LODGE} 0", f"{LODGE} -1", f"{LOOKUP} 1", f"{LOOKUP} -1"} <= seen.keys(), (
        seen
    )
    assert {f"{CONFIRM} 00", f"{CONFIRM} 99"} <= seen.keys(), seen
    rows = await site.hub.database.fetch(
        "select data from delivery_report where type = 'onestop.payment.report.v1' and subject = $1", code
    )
    told = [json.loads(row["data"]) for row in rows]
    assert {report["status"] for report in told} == {"refused"}, f"seed {seed}: {told}"
    recorded = {fact.data["status"] for fact in site.counter.facts("payment.recorded", dossier)}
    assert recorded <= {"refused"}, f"seed {seed}"
    (paid,) = (await site.pay(code))["answers"]
    assert paid["MaLoi"] == "00"


async def test_hundreds_of_altered_calls_are_answered_and_pay_nothing(site: Site) -> None:
    await bombarded(site, 1, 400)


async def test_ten_thousand_altered_calls_are_answered_and_pay_nothing(site: Site) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or SystemRandom().randrange(2**32))
    await bombarded(site, seed, 10_000)
