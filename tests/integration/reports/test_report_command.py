"""Reports over real stored facts, as commands and over HTTPS, against a plain count of the facts by SQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.embedded.stack import StackAddress
from hub.participants import register_editions
from hub.regulation.roster import Posting, Roster
from tests.support.forms import text_of
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hub_commands import hub_command
from tests.support.hubs import own_hub
from tests.support.page_commands import commands, words_of_hub
from tests.support.provinces import Province, did
from tests.support.requests import AGENCY, OFFICER, ONE_STOP
from tests.support.waiting import within

PLAIN = """
with told as (
    select dossier_id, type, time, convert_from(bytes, 'UTF8')::jsonb -> 'data' as data from fact
), due as (
    select distinct on (dossier_id) dossier_id, (data ->> 'due_at')::timestamptz as due_at from told
    where type = 'onestop.dossier.accepted.v1'
), ended as (
    select dossier_id, min(time) as at from told
    where type in ('onestop.result.issued.v1', 'onestop.dossier.declined.v1', 'onestop.dossier.withdrawn.v1')
    group by dossier_id
)
select count(*) as handled,
       count(*) filter (where coalesce(e.at, $1) <= d.due_at) as on_time,
       count(*) filter (where exists (
           select from told t where t.dossier_id = d.dossier_id and t.type = 'onestop.identity.matched.v1'
       )) as population_data,
       count(*) filter (where exists (
           select from told t where t.dossier_id = d.dossier_id and t.type = 'onestop.result.issued.v1'
       )) as issued
from due d left join ended e using (dossier_id)
"""
"""As somebody would count who has the facts and no program: none of these was supplemented or rescheduled."""


@dataclass(frozen=True, slots=True)
class Door:
    """The gateway, with a one-stop, its agency and a one-stop of another place behind it."""

    site: Site
    one_stop: Visitor
    agency: Visitor
    foreign: Visitor


@pytest.fixture(scope="module")
async def opened(
    stack: StackAddress, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Province, Door]]:
    folder = tmp_path_factory.mktemp("report")
    async with own_hub(stack, folder, environment="test") as hub:
        province = Province(hub)
        await province.open()
        async with own_site(hub, folder) as site:
            one_stop = await site.join("door-counter", ["counter"], [ONE_STOP])
            agency = await site.join("door-agency", ["agency"], [AGENCY])
            foreign = await site.join("door-foreign", ["counter"], ["000.99.99.H07"])
            await lodge_all(province)
            yield province, Door(site, one_stop, agency, foreign)


@pytest.fixture(scope="module")
def province(opened: tuple[Province, Door]) -> Province:
    return opened[0]


@pytest.fixture(scope="module")
def door(opened: tuple[Province, Door]) -> Door:
    return opened[1]


async def lodge_all(province: Province) -> None:
    """Four dossiers, and three weeks later a fifth."""
    rating = {"about": "one_stop", "score": 1, "way": "counter"}
    await province.accepted()
    withdrawn, _ = await province.accepted()
    await did(province.counter, "dossier.withdraw", withdrawn, {})
    await province.in_hand()
    _, rated = await province.issued()
    await did(province.counter, "rating.record", rated, rating)
    await province.move(timedelta(days=21))
    await province.issued(return_channel="post")


async def report(province: Province, *words: str) -> tuple[int, str]:
    return await hub_command(province.hub.environment, "report", "766", *words)


def days(province: Province) -> tuple[str, ...]:
    first, last = province.now - timedelta(days=40), province.now
    return "--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}"


async def lines(province: Province, *words: str) -> dict[str, dict[str, Any]]:
    status, said = await report(province, *days(province), "--json", *words)
    assert status == 0, said
    return {f"{one['group']} {one['number']}": one for one in rows_of(said)}


def rows_of(said: str) -> list[dict[str, Any]]:
    """What is printed as JSON, without the notes beside it."""
    found: list[dict[str, Any]] = json.loads(said[said.index("[") : said.rindex("]") + 1])
    return found


async def test_the_report_says_what_a_plain_count_of_the_facts_says(province: Province) -> None:
    found = await lines(province)
    plain = await province.hub.database.fetchrow(PLAIN, province.now)
    assert plain is not None
    assert (plain["handled"], plain["issued"]) == (5, 2)
    assert 0 < plain["on_time"] < plain["handled"]
    on_time, population = found["all 2.1"], found["all 4.5"]
    assert (on_time["numerator"], on_time["denominator"]) == (plain["on_time"], plain["handled"])
    assert on_time["value"] == pytest.approx(100 * plain["on_time"] / plain["handled"], abs=0.005)
    assert on_time["points"] == pytest.approx(20 * plain["on_time"] / plain["handled"], abs=0.005)
    assert (population["numerator"], population["denominator"]) == (
        plain["population_data"],
        plain["handled"],
    )
    assert found["all 2.2"]["denominator"] == plain["issued"]
    late = plain["handled"] - plain["on_time"]
    assert found["all 5.4"]["numerator"] == late + 1, "one applicant was not content"
    assert found["all 1.4"]["value"] is None
    assert "received_nationally=N" in found["all 1.4"]["remark"]


async def test_parts_add_up_and_each_number_goes_down_to_its_dossiers(province: Province) -> None:
    whole, parts = await lines(province), await lines(province, "--by", "organisation")
    assert parts[f"{ONE_STOP} 2.1"]["numerator"] == whole["all 2.1"]["numerator"]
    levels = await lines(province, "--by", "level")
    assert {name.partition(" ")[0] for name in levels} == {"-"}
    status, said = await report(province, *days(province), "--explain", "2.1")
    assert status == 0
    rows = [line.split("\t") for line in said.splitlines() if ONE_STOP in line]
    assert len(rows) == whole["all 2.1"]["denominator"]
    assert sum(row[1] == "on_time" for row in rows) == whole["all 2.1"]["numerator"]
    assert "Nguyễn" not in said


async def test_a_report_counts_what_was_so_at_the_end_of_its_period(province: Province) -> None:
    first, last = province.now - timedelta(days=40), province.now - timedelta(days=14)
    words = "--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}", "--json"
    status, said = await report(province, *words)
    assert status == 0, said
    (on_time,) = [one for one in json.loads(said[said.index("[") :]) if one["number"] == "2.1"]
    assert on_time["denominator"] == 4


async def test_what_cannot_be_counted_is_said_in_words(province: Province) -> None:
    tomorrow = f"{province.now + timedelta(days=2):%Y-%m-%d}"
    status, said = await report(province, "--from", tomorrow, "--to", tomorrow)
    assert status == 2
    assert "there is nothing to count yet" in said
    status, said = await report(province, *days(province), "--organisation", "000.99.99.H07")
    assert status == 0
    assert "no dossier of 000.99.99.H07 was open or accepted in the period" in said
    status, said = await report(province, *days(province)[:3], tomorrow)
    assert status == 0
    assert "the period is not over" in said
    for wrong in (
        ("--input", "received=1"),
        ("--explain", "9.9"),
        ("--formulas", "766@9"),
        ("--into", "/x.doc"),
    ):
        status, said = await report(province, *days(province), *wrong)
        assert status in (1, 2), said
        assert said.startswith("hub: ")


async def test_the_report_is_written_as_a_table_for_programs(province: Province, tmp_path: Path) -> None:
    given = ("--input", "received_nationally=10", "--input", "received_on_portal=8")
    for kind in ("json", "csv", "xlsx", "pdf"):
        file = tmp_path / f"report.{kind}"
        status, said = await report(province, *days(province), *given, "--into", str(file))
        assert status == 0, said
        assert file.stat().st_mode & 0o077 == 0
    whole = json.loads((tmp_path / "report.json").read_bytes())
    assert whole["formulas"] == "766-2026@1"
    assert {one["number"] for one in whole["lines"]} >= {"1.4", "2.1", "5.4"}
    assert (tmp_path / "report.csv").read_text("utf-8-sig").count("\n") == len(whole["lines"]) + 1
    assert (tmp_path / "report.xlsx").read_bytes().startswith(b"PK")
    paper = text_of((tmp_path / "report.pdf").read_bytes())
    assert "THỦ TRƯỞNG ĐƠN VỊ" in paper
    assert "Hồ sơ giải quyết đúng hạn" in paper


async def patiently(visitor: Visitor, kind: str, asked: dict[str, str]) -> httpx.Response:
    """A report over HTTPS, after those of others."""
    async with within(120):
        while True:
            answer = await visitor.client.get(f"/v1/reports/{kind}", params=asked)
            if answer.status_code != 429:
                return answer
            assert answer.json()["code"] == "report.busy"
            await asyncio.sleep(int(answer.headers["retry-after"]))


async def test_over_https_everybody_counts_the_dossiers_that_it_was_told_of(
    province: Province, door: Door
) -> None:
    period = {"from": days(province)[1], "to": days(province)[3]}
    plain = await province.hub.database.fetchrow(PLAIN, province.now)
    assert plain is not None

    async def asked(visitor: Visitor, kind: str, **more: str) -> httpx.Response:
        return await patiently(visitor, kind, {**period, **more})

    handled = {}
    for visitor in (door.one_stop, door.agency, door.foreign):
        answer = await asked(visitor, "766")
        assert answer.status_code == 200, answer.text
        found = {one["number"]: one for one in answer.json()["lines"]}
        handled[visitor.name] = found["2.1"]["denominator"] if found else 0
    assert handled["door-counter"] == plain["handled"]
    assert 0 < handled["door-agency"] <= plain["handled"]
    assert handled["door-foreign"] == 0
    explained = (await asked(door.one_stop, "explain", number="2.1")).json()["lines"]
    assert sum(one["counts_as"] == "on_time" for one in explained) == plain["on_time"]
    given = await asked(door.one_stop, "766", input="received=1")
    assert given.json()["fields"] == ["input"]
    paper = await asked(door.one_stop, "gains", format="pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert "NHỮNG CHỈ SỐ CÓ THỂ NÂNG ĐIỂM" in text_of(paper.content)
    assert (await asked(door.one_stop, "late", format="csv")).text.count("\r\n") > 1
    later = {"from": f"{province.now + timedelta(days=9):%Y-%m-%d}"}
    refused = await asked(door.one_stop, "work", **later, to=later["from"])
    assert (refused.status_code, refused.json()["code"]) == (400, "report.refused")
    assert refused.json()["faults"] == [{"path": "from", "reason": "range"}]
    assert (await asked(door.one_stop, "explain", number="9.9")).json()["fields"] == ["number"]
    odd = await asked(door.one_stop, "officers")
    assert (odd.status_code, odd.json()["code"]) == (400, "http.invalid_parameter")


async def test_fees_are_listed_as_they_were_settled_last(province: Province, door: Door) -> None:
    line = {"kind": "fee", "receipts": 2, "collected": 30_000, "handed_over": 25_000}
    quarter = {"quarter": province.quarter_before, "officer": OFFICER}
    said = {"organisation": ONE_STOP, "agency": AGENCY, **quarter}
    why = {"difference": "Chờ đối chiếu"}
    await did(province.counter, "fees.settle", "ref:fees-1", {**said, **why, "sums": [line]})
    paid = {**line, "handed_over": 30_000}
    await did(province.lead, "fees.settle", "ref:fees-2", {**said, "sums": [paid], "corrects": True})
    first = f"{province.now - timedelta(days=150):%Y-%m-%d}"
    period = ("--from", first, "--to", days(province)[3])
    status, told = await hub_command(
        province.hub.environment, "report", "settlement", *period, "--json", "--organisation", AGENCY
    )
    assert status == 0, told
    (row,) = rows_of(told)
    assert (row["quarter"], row["handed_over"], row["difference"]) == (province.quarter_before, 30_000, 0)
    for visitor, count in ((door.one_stop, 1), (door.foreign, 0)):
        answer = await patiently(visitor, "settlement", {"from": first, "to": days(province)[3]})
        assert len(answer.json()["lines"]) == count, answer.text


async def test_a_month_of_each_posted_officer_goes_to_the_agency_that_posts_it(
    province: Province, tmp_path: Path
) -> None:
    environment, period = province.hub.environment, days(province)
    posting = Posting(
        account=OFFICER["account"], name=OFFICER["name"], title="Chuyên viên", organisation=ONE_STOP,
        level="commune", sent_by=AGENCY, in_force_from=province.now.date() - timedelta(days=9),
    )  # fmt: skip
    idle = posting.model_copy(update={"account": "cc-99", "name": "Lê Thị Mẫu", "sent_by": None})
    async with province.hub.database.transaction():
        content = Roster([posting, idle]).as_json()
        key = province.hub.store_key
        await register_editions.add(province.hub.database, key, "roster", content, "op", "test")
    status, said = await hub_command(environment, "report", "officers", ONE_STOP, *period)
    assert status == 2, said
    why = ("--reason", "the month's notice")
    status, said = await hub_command(environment, "report", "officers", ONE_STOP, *period, *why, "--json")
    assert status == 0, said
    rows = {one["account"]: one for one in rows_of(said)}
    plain = await province.hub.database.fetchrow(PLAIN, province.now)
    assert plain is not None
    assert rows[OFFICER["account"]]["received"] == plain["handled"]
    assert rows[OFFICER["account"]]["sent_by"] == AGENCY
    assert 9 <= rows[OFFICER["account"]]["days"] <= 11
    assert (rows["cc-99"]["received"], rows["cc-99"]["sent_by"]) == (0, ONE_STOP)
    paper = tmp_path / "month.pdf"
    status, said = await hub_command(
        environment, "report", "officers", ONE_STOP, *period, *why, "--into", str(paper)
    )
    assert status == 0, said
    assert OFFICER["name"] in text_of(paper.read_bytes())
    kept = await province.hub.database.fetchval(
        "select count(*) from operator_action where action = 'officers_reported'"
    )
    assert kept == 2


async def test_what_an_agency_did_and_what_was_late_add_up_to_the_same_dossiers(province: Province) -> None:
    plain = await province.hub.database.fetchrow(PLAIN, province.now)
    assert plain is not None
    environment, period = province.hub.environment, days(province)
    status, said = await hub_command(environment, "report", "work", *period, "--json")
    assert status == 0, said
    (row,) = rows_of(said)
    assert row["group"] == AGENCY
    assert row["received"] == row["ended"] + row["open"] == plain["handled"]
    assert row["ended_late"] + row["open_late"] == plain["handled"] - plain["on_time"]
    assert (row["results"], row["withdrawn"], row["carried_over"]) == (plain["issued"], 1, 0)
    status, said = await hub_command(environment, "report", "late", *period, "--json")
    assert status == 0, said
    assert len(rows_of(said)) == plain["handled"] - plain["on_time"]
    assert "Nguyễn" not in said


async def test_the_commands_of_its_page_run_as_they_stand_there(province: Province, tmp_path: Path) -> None:
    lines = [line for (page, _), found in commands().items() if page == "docs/reports.md" for line in found]
    lines = [line for line in lines if line.startswith("hub ")]
    assert len(lines) == 14
    sent = [
        line for line in lines if line.startswith("hub report send ")
    ]  # test_due_reports.py has one to send
    assert len(sent) == 1
    for line in (line for line in lines if line not in sent):
        (words,) = words_of_hub(line)
        here = [str(tmp_path / word) if word.endswith((".xlsx", ".pdf")) else word for word in words]
        status, said = await hub_command(province.hub.environment, *here)
        assert status == 0, said


async def test_no_number_is_made_of_a_fact_that_somebody_altered(province: Province) -> None:
    database = province.hub.database
    first = "select dossier_id, sequence, bytes from fact where type = 'onestop.result.issued.v1' limit 1"
    row = await database.fetchrow(first)
    assert row is not None
    put = "update fact set bytes = $1 where dossier_id = $2 and sequence = $3"
    altered = row["bytes"].replace(b'"agency"', b'"agencY"', 1)
    await database.execute(put, altered, row["dossier_id"], row["sequence"])
    status, said = await report(province, *days(province))
    assert status == 1
    assert "was altered" in said
    await database.execute(put, row["bytes"], row["dossier_id"], row["sequence"])
