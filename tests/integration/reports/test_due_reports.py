"""Reports of the regulation on the real stack: due by the calendar, made, sent by a mail server, once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

from hub.embedded.stack import StackAddress
from hub.regulation.clock import VIETNAM
from tests.contract.notices_world import Mail, mail_world
from tests.support.forms import text_of
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hub_commands import SURE, hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.provinces import Province, did
from tests.support.requests import AGENCY, OFFICER, ONE_STOP
from tests.support.waiting import eventually

WORDS = "Chờ xác minh thực địa"
OFFICE, ADDRESS, ABOVE = "H07.01", "mot-cua@mau.example", "van-phong@mau.example"
DUE = "select count(*) from fact where type = 'onestop.report.due.v1'"
FACTS = """
select type, convert_from(bytes, 'UTF8')::jsonb -> 'data' as data, dossier_id::text as matter
from fact where type like 'onestop.report.%' order by dossier_id, sequence
"""


async def adapter(hub: Hub, name: str, role: str, settings: dict[str, str]) -> HubProcess:
    password = await hub.register(name, [role])
    own = {"HUB_KAFKA__USER": f"{hub.prefix}{name}", "HUB_KAFKA__PASSWORD": password}
    process = HubProcess("adapter", name, hub.environment | own | settings, hub.folder, adapter=name)
    hub.processes.append(process)
    process.start()
    await process.ready()
    return process


async def register(hub: Hub, folder: Path, above: str = "") -> None:
    """The one-stop has an address for reports, the office above it only where `above` is one."""
    file = folder / f"organisations-{len(above)}.csv"
    file.write_text(
        "code,kind,level,parent,name_vi,in_force_from,report_email\n"
        f"{OFFICE},office,province,,Văn phòng Ủy ban nhân dân tỉnh Mẫu,2020-01-01,{above}\n"
        f"{ONE_STOP},centre,province,{OFFICE},Trung tâm Phục vụ hành chính công Mẫu,2020-01-01,{ADDRESS}\n"
        f"{AGENCY},department,province,,Sở Mẫu,2020-01-01,\n"
    )
    status, said = await hub_command(hub.environment, "organisations", "import", str(file), *SURE)
    assert status == 0, said


def periods_until(begin: datetime) -> tuple[list[str], str, datetime]:
    """Months and quarter that begin with this day's and end with its quarter, and a day three weeks later."""
    day = begin.astimezone(VIETNAM)
    last = (day.month + 2) // 3 * 3
    months = [f"{day.year}-{month:02}" for month in range(day.month, last + 1)]
    following = date(day.year + last // 12, last % 12 + 1, 1) + timedelta(days=21)
    return months, f"{day.year}-Q{last // 3}", datetime.combine(following, time(9), VIETNAM)


async def facts(hub: Hub, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Matter and data of each fact of this name."""
    rows = await hub.database.fetch(FACTS)
    return [(row["matter"], json.loads(row["data"])) for row in rows if row["type"] == f"onestop.{name}.v1"]


@dataclass(frozen=True, slots=True)
class Expected:
    """Reports by name and period: those of the one-stop, and those of the office above."""

    own: frozenset[tuple[str, str]]
    others: frozenset[tuple[str, str]]

    @property
    def everything(self) -> frozenset[tuple[str, str]]:
        return self.own | self.others


def expected_of(months: Sequence[str], quarter: str) -> Expected:
    own = {(name, month) for name in ("late", "officers") for month in months} | {("agencies", quarter)}
    others = {("overview", month) for month in months} | {("channels", quarter)}
    return Expected(frozenset(own), frozenset(others))


def papers_in(mail: Mail) -> dict[str | None, bytes]:
    """What was attached to the e-mails, by name."""
    mails = [message_from_string(one["content"], policy=default) for one in mail.taken()]
    parts = [part for one in mails for part in one.iter_attachments()]
    return {part.get_filename(): part.get_content() for part in parts}


async def each_is_on_record(hub: Hub, expected: Expected) -> None:
    """Sent, or told to the operators; and due once."""

    async def all_are() -> bool:
        told = await facts(hub, "report.sent") + await facts(hub, "report.unsent")
        return len(told) == len(expected.everything)

    await eventually(all_are, 120, "each report sent, or told to the operators")
    due = Counter((data["report"], data["period"]) for _, data in await facts(hub, "report.due"))
    assert due == Counter(expected.everything)


async def operators_see_and_send_the_others(hub: Hub, mail: Mail, expected: Expected, folder: Path) -> None:
    """The check tells them; once the address is imported they send one."""
    status, said = await hub_command(hub.environment, "doctor")
    assert (status, "reports were not sent" in said, "hub report send" in said) == (1, True, True), said
    name = (
        f"reports/{OFFICE}/overview/{max(period for kind, period in expected.others if kind == 'overview')}"
    )
    status, said = await hub_command(hub.environment, "report", "due", "--waiting", "--json")
    waiting = {row["report"]: row["stage"] for row in json.loads(said)}
    assert (waiting[name], len(waiting)) == ("unsent", len(expected.others)), said
    await register(hub, folder, ABOVE)
    before = len(mail.taken())
    status, said = await hub_command(hub.environment, "report", "send", name, *SURE)
    assert status == 0, said
    await eventually(lambda: len(mail.taken()) == before + 1, 60, "the report that an operator sent")
    assert mail.taken()[-1]["to"] == [ABOVE]


async def may_download(site: Site, counter: Visitor, stranger: Visitor, paper: bytes) -> None:
    """Who speaks for the one-stop, and nobody else."""
    made = [one for one in await facts(site.hub, "report.made") if one[1]["report"] == "agencies"]
    ((matter, data),) = made
    url = f"/v1/documents/{data['digest']}"
    found = await counter.client.get(url, params={"dossier": matter})
    assert (found.status_code, found.content) == (200, paper)
    assert (await stranger.client.get(url, params={"dossier": matter})).status_code == 404
    shown = (await counter.client.get(f"/v1/dossiers/{matter}")).json()
    assert (shown["matter"], shown["organisation"]) == ("report", ONE_STOP)


async def settled_fees_go_out_on_their_day(province: Province, mail: Mail, quarter: str) -> None:
    """9.10: what one-stop and agency recorded of the quarter, on its working day."""
    said = {"organisation": ONE_STOP, "agency": AGENCY, "quarter": quarter, "officer": OFFICER}
    line = {"kind": "fee", "receipts": 2, "collected": 30_000, "handed_over": 25_000}
    why = {"difference": "Chờ đối chiếu"}
    await did(province.counter, "fees.settle", "ref:fees-1", {**said, **why, "sums": [line]})
    name = f"settlement-{ONE_STOP}-{quarter}.pdf"
    assert name not in papers_in(mail)
    await province.move(timedelta(days=25))
    await eventually(lambda: name in papers_in(mail), 120, "the settlement of the quarter")
    text = " ".join(text_of(papers_in(mail)[name]).split())
    assert "khoản 10 Điều 9" in text
    assert all(word in text for word in ("Sở Mẫu", quarter, "30.000", "25.000", "5.000")), text
    due = [
        data["period"]
        for _, data in await facts(province.hub, "report.due")
        if data["report"] == "settlement"
    ]
    assert due == [quarter]


@asynccontextmanager
async def office(hub: Hub, mail: Mail, folder: Path) -> AsyncIterator[Site]:
    """The roles that make and send reports, and a gateway; the one-stop has an address."""
    documents = {"HUB_DOCUMENTS__FOLDER": str(folder / "documents")}
    await adapter(hub, "typesetter", "typesetter", documents | {"HUB_TYPESETTER_AGAIN_S": "0.2"})
    server = {
        "HUB_NOTICES_SMTP_HOST": "127.0.0.1",
        "HUB_NOTICES_SMTP_PORT": str(mail.port),
        "HUB_NOTICES_SMTP_CA_FILE": str(mail.folder / "mail-root.pem"),
        "HUB_NOTICES_SENDER": "motcua@mau.example",
        "HUB_NOTICES_ATTACH_WAIT_S": "600",
    }
    await adapter(hub, "notices", "notifier", documents | server)
    await register(hub, folder)
    async with own_site(hub, folder, HUB_ENVIRONMENT="test") as site:
        yield site


async def test_reports_that_are_due_are_made_and_sent_once_whatever_stood_still_on_their_day(
    stack: StackAddress, tmp_path: Path
) -> None:
    (folder := tmp_path / "mail").mkdir()
    async with mail_world(folder) as (_, mail), own_hub(stack, tmp_path, environment="test") as hub:
        province = Province(hub)
        await province.open()
        async with office(hub, mail, tmp_path) as site:
            counter = await site.join("counter-web", ["counter"], [ONE_STOP])
            stranger = await site.join("counter-else", ["counter"], ["000.99.99.H07"])
            _, code = await province.in_hand()
            day = (province.now + timedelta(days=7)).astimezone(VIETNAM)
            new = day.replace(hour=10, minute=0, second=0, microsecond=0)
            form_04 = {"officer": OFFICER, "reason": WORDS, "new_due_at": new.isoformat()}
            await did(province.lead, "due.apologise", code, form_04)

            months, quarter, later = periods_until(province.now)
            expected = expected_of(months, quarter)
            await next(one for one in hub.processes if one.name == "engine-1").kill()
            await province.move(later - province.now)
            engine = await hub.start_engine("engine-2")
            await each_is_on_record(hub, expected)

            assert [one["to"] for one in mail.taken()] == [[ADDRESS]] * len(expected.own)
            papers = papers_in(mail)
            assert papers.keys() == {f"{name}-{ONE_STOP}-{period}.pdf" for name, period in expected.own}
            paper = papers[f"agencies-{ONE_STOP}-{quarter}.pdf"]
            assert f"Sở Mẫu ({AGENCY})" in text_of(paper)
            assert OFFICER["account"] in text_of(papers[f"officers-{ONE_STOP}-{months[0]}.pdf"])
            late = text_of(papers[f"late-{ONE_STOP}-{months[-1]}.pdf"])
            assert (code in late, WORDS in late) == (new.strftime("%Y-%m") in months,) * 2
            await may_download(site, counter, stranger, paper)

        await operators_see_and_send_the_others(hub, mail, expected, tmp_path)
        await engine.kill()
        await hub.start_engine("engine-3")
        sent, again = len(mail.taken()), f"reports/{ONE_STOP}/agencies/{quarter}"
        status, said = await hub_command(hub.environment, "report", "send", again, *SURE)
        assert status == 0, said
        await eventually(lambda: len(mail.taken()) == sent + 1, 60, "one more, by order, after the kill")
        assert await hub.database.fetchval(DUE) == len(expected.everything), "nothing is due twice"
        await settled_fees_go_out_on_their_day(province, mail, quarter)
        status, said = await hub_command(hub.environment, "verify")
        assert status == 0, said
