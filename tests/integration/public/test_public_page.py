"""The page for everybody on a real hub: from the code on a printed form to where the dossier stands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import orjson
import pytest
from confluent_kafka import Producer

from hub.embedded.stack import StackAddress
from hub.facts.sealing import MasterKey
from hub.forms.form_set import installed_form_sets
from hub.forms.issuing import Issued
from hub.forms.stored import CaseFiles, Forms
from hub.postgres.database import Connection
from hub.regulation.lawbook import load_book
from hub.regulation.organisations import Organisations
from schemas.receipt import RECEIPT_ACCEPTED
from tests.support.browsers import document_at, violations
from tests.support.clients import Client
from tests.support.forms import codes_of
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.public_pages import NAME, People, own_page, reader
from tests.support.requests import ACCEPT, CHECK, ONE_STOP, SUBMIT, acceptance, hand_check, submission
from tests.support.stack import librdkafka_settings
from tests.support.stored_states import write_state
from tests.support.traffic import metric

PHONE = "0900001234"
APPLICANT = {"kind": "enterprise", "name": "Công ty TNHH Mẫu Thử", "tax_code": "0100233488", "phone": PHONE}
URL = "http://tra-cuu.vi-du.example"
MISSING = "000.12.34.H07-260105-9999"
TRIES = 3


@dataclass(slots=True)
class Site:
    """A hub with one engine, a counter, and the page as a reader of the store."""

    hub: Hub
    counter: Client
    people: People
    dsn: str

    async def accepted(self, name: str, **changes: object) -> tuple[str, str]:
        """The id and the code of a new dossier whose applicant gave a telephone number."""
        lodged = await self.counter.ask(SUBMIT, f"ref:{name}", submission(applicant=APPLICANT, **changes))
        await self.counter.ask(CHECK, f"ref:{name}", hand_check(APPLICANT))
        receipt = await self.counter.ask(ACCEPT, f"ref:{name}", acceptance())
        assert receipt.type.endswith("accepted.v1"), receipt.data
        fact = await self.counter.fact("dossier.accepted", lodged.data["dossier"])
        return str(lodged.data["dossier"]), str(fact.data["code"])

    async def printed_link(self, dossier: str) -> str:
        """What the second code on the printed Form 01 leads to."""
        cases = CaseFiles(load_book(), installed_form_sets(), Organisations(), URL)
        master = MasterKey.from_file(self.hub.master_key_file)
        printed = await Forms(cases).pdf(self.hub.database, master, dossier, Issued("01"))
        (link,) = [text for text in codes_of(printed) if text.startswith(f"{URL}/tra-cuu?")]
        return link

    def check_code(self, code: str) -> str:
        return self.hub.store_key.look_up.check_code(code)


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("public")
    async with own_hub(stack, folder, environment="test") as hub, reader(hub) as dsn:
        await hub.start_engine()
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        limits = {"HUB_PUBLIC__TRIES_AT_ONCE": str(TRIES), "HUB_PUBLIC__LOOK_UPS_AT_ONCE": "1000"}
        password = await hub.register(NAME, ["public"])
        async with own_page(hub, folder, dsn, password=password, **limits) as people:
            yield Site(hub, counter, people, dsn)


async def test_the_code_of_a_printed_form_leads_to_where_the_dossier_stands(site: Site) -> None:
    dossier, code = await site.accepted("printed")
    link = await site.printed_link(dossier)
    page = await site.people.scan(link)
    assert page.status_code == 200
    assert f"Hồ sơ {code}" in page.text
    assert "Đã tiếp nhận" in page.text
    assert "Ngày hẹn trả kết quả" in page.text
    assert not any(value in page.text for name, value in APPLICANT.items() if name != "kind")
    assert len(page.content) < 50_000
    assert "set-cookie" not in page.headers


@pytest.mark.needs("chromium", "axe-source")
async def test_the_code_of_a_printed_form_opens_the_page_in_a_browser_and_axe_finds_nothing_wrong(
    site: Site, tmp_path: Path
) -> None:
    dossier, code = await site.accepted("browser")
    here = f"--host-resolver-rules=MAP tra-cuu.vi-du.example {site.people.url.removeprefix('http://')}"
    assert f"Hồ sơ {code}" in await document_at(await site.printed_link(dossier), here)
    stored = await site.hub.database.fetchval("select state from dossier where id = $1", dossier)
    await write_state(site.hub, dossier, orjson.dumps(orjson.loads(stored) | {"status": "returned"}))
    pages = [
        (await site.people.client.get("/tra-cuu")).text,
        (await site.people.look_up(code, "0000")).text,
        (await site.people.look_up(code, PHONE[-4:], "en")).text,
        (await site.people.speak("phan-anh", code, PHONE[-4:], {})).text,
    ]
    assert 'name="diem-one-stop"' in pages[2]
    assert [await violations(page, tmp_path) for page in pages] == [[]] * len(pages)
    unlabelled = pages[0].replace("<label for", "<span for").replace("</label>", "</span>")
    assert "label" in await violations(unlabelled, tmp_path), "axe looks"


async def test_the_end_of_the_telephone_number_opens_the_page_too_and_in_english(site: Site) -> None:
    _, code = await site.accepted("phone")
    page = await site.people.look_up(f" {code.lower()} ", PHONE[-4:], "en")
    assert page.status_code == 200
    assert f"Dossier {code}" in page.text
    assert "Accepted" in page.text


async def test_what_does_not_exist_and_what_is_not_shown_are_answered_alike(site: Site) -> None:
    _, code = await site.accepted("alike")
    answers = [
        await site.people.look_up(name, factor)
        for name, factor in (
            (MISSING, "1234"), (MISSING, "7K3M-9QXR"), (code, "0000"), (code, "7K3M-9QXR"),
            ("no code", "1234"), (code, ""),
        )
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    told = {
        tuple(sorted((name, text) for name, text in answer.headers.items() if name != "date"))
        for answer in answers
    }
    assert len(told) == 1, "the second of the answer aside"


async def test_wrong_tries_of_a_code_end_and_the_check_code_of_its_form_still_opens_it(site: Site) -> None:
    _, code = await site.accepted("tries")
    for name in (code, MISSING.replace("9999", "9998")):
        answers = [
            (await site.people.look_up(name, f"{number:04}")).status_code for number in range(TRIES + 2)
        ]
        assert answers == [404] * TRIES + [429] * 2
    right = await site.people.look_up(code, PHONE[-4:])
    assert right.status_code == 429, "ten thousand tries would find it"
    assert int(right.headers["retry-after"]) > 60
    assert (await site.people.look_up(code, site.check_code(code))).status_code == 200


async def test_an_erased_dossier_is_as_one_that_never_was_and_its_number_is_forgotten(site: Site) -> None:
    dossier, code = await site.accepted("erased")
    assert (await site.people.look_up(code, PHONE[-4:])).status_code == 200
    by = ("--operator", "operator-1", "--reason", "a test", "--yes")
    status, said = await hub_command(site.hub.environment, "erase", dossier, *by)
    assert status == 0, said
    assert (await site.people.look_up(code, PHONE[-4:])).status_code == 404
    assert (await site.people.look_up(code, site.check_code(code))).status_code == 404
    left = await site.hub.database.fetch("select alias from alias where dossier_id = $1", dossier)
    assert not [row["alias"] for row in left if row["alias"].startswith("phone:")]


async def test_no_end_of_a_telephone_number_lies_readable_in_the_store(site: Site) -> None:
    dossier, _ = await site.accepted("stored")
    rows = await site.hub.database.fetch("select alias from alias where dossier_id = $1", dossier)
    (name,) = [row["alias"] for row in rows if row["alias"].startswith("phone:")]
    assert name == site.hub.store_key.look_up.phone_alias(dossier, PHONE[-4:])


async def test_a_dossier_that_somebody_altered_is_not_shown(site: Site) -> None:
    dossier, code = await site.accepted("altered")
    stored = await site.hub.database.fetchval("select state from dossier where id = $1", dossier)
    altered = orjson.dumps(orjson.loads(stored) | {"status": "returned"})
    await site.hub.database.execute("update dossier set state = $2 where id = $1", dossier, altered)
    assert (await site.people.look_up(code, PHONE[-4:])).status_code == 503
    assert site.people.page.actions("row_untrusted")
    await write_state(site.hub, dossier, stored)
    assert (await site.people.look_up(code, PHONE[-4:])).status_code == 200


async def test_an_applicant_rates_each_side_once_and_the_hub_has_it(site: Site) -> None:
    dossier, code = await site.accepted("rated")
    stored = await site.hub.database.fetchval("select state from dossier where id = $1", dossier)
    await write_state(site.hub, dossier, orjson.dumps(orjson.loads(stored) | {"status": "returned"}))
    page = (await site.people.look_up(code, PHONE[-4:])).text
    assert 'name="diem-one-stop"' in page
    sent = await site.people.speak("danh-gia", code, PHONE[-4:], {"diem-one-stop": "4", "k": "1"})
    assert sent.status_code == 200
    assert "Đã ghi nhận" in sent.text
    fact = (await site.counter.fact("rating.recorded", dossier)).data
    assert (fact["about"], fact["score"], fact["way"]) == ("one_stop", 4, "kiosk")
    page = (await site.people.look_up(code, PHONE[-4:])).text
    assert 'name="diem-one-stop"' not in page
    assert 'name="diem-agency"' in page
    again = await site.people.speak("danh-gia", code, PHONE[-4:], {"diem-one-stop": "1"})
    assert "mỗi bên được đánh giá một lần" in again.text
    odd = await site.people.speak("danh-gia", code, PHONE[-4:], {"diem-agency": "9"})
    assert "Chọn đủ các mục" in odd.text
    await site.people.speak("danh-gia", code, PHONE[-4:], {"diem-agency": "5"})
    again = await site.people.speak("danh-gia", code, PHONE[-4:], {"diem-agency": "1"})
    assert "mỗi bên được đánh giá một lần" in again.text
    scores = [one.data["score"] for one in site.counter.facts("rating.recorded", dossier)]
    assert sorted(scores) == [4, 5]


async def test_a_complaint_is_on_record_once_however_often_it_is_sent(site: Site) -> None:
    dossier, code = await site.accepted("complaint")
    form = (await site.people.speak("phan-anh", code, PHONE[-4:], {})).text
    (nonce,) = re.findall(r'name="n" value="([0-9a-f]{32})"', form)
    said = {
        "n": nonce, "loai": "complaint", "ve": "official", "cong-chuc": "Lê Thị Thí Dụ",
        "ho-ten": "Nguyễn Văn Thử", "noi-dung-y-kien": "Quá hẹn\r\nmà chưa có kết quả " + "ễ" * 3000,
    }  # fmt: skip
    for _ in range(2):
        sent = await site.people.speak("phan-anh", code, PHONE[-4:], said)
        assert "Đã ghi nhận ý kiến" in sent.text
    assert "Chọn đủ" in (await site.people.speak("phan-anh", code, PHONE[-4:], said | {"ho-ten": " "})).text
    fact = (await site.counter.fact("complaint.recorded", dossier)).data
    assert (fact["kind"], fact["about"], fact["way"]) == ("complaint", "official", "page")
    assert fact["text"].startswith("Quá hẹn\nmà chưa có kết quả ễ")
    assert len(site.counter.facts("complaint.recorded", dossier)) == 1
    assert "Nguyễn Văn Thử" not in site.people.page.output()


async def test_what_is_no_receipt_on_its_topic_ends_neither_the_page_nor_the_way_of_a_complaint(
    site: Site,
) -> None:
    """An operator may write there, and what he wrote stays in it."""
    dossier, code = await site.accepted("no-receipt")
    producer = Producer(librdkafka_settings(site.hub.address))
    for kind in (None, b"\xff", RECEIPT_ACCEPTED.encode()):
        for value in (None, b"\xff", b"[]", b"{}"):
            producer.produce(f"{site.hub.prefix}out.{NAME}", value, key=b"\xff", headers=[("ce_type", kind)])
    assert producer.flush(20) == 0
    said = {
        "n": "a" * 32,
        "loai": "petition",
        "ve": "rule",
        "ho-ten": "Nguyễn Văn Thử",
        "noi-dung-y-kien": "x",
    }
    assert "Đã ghi nhận ý kiến" in (await site.people.speak("phan-anh", code, PHONE[-4:], said)).text
    await site.counter.fact("complaint.recorded", dossier)


async def test_who_clicks_twice_at_the_same_time_gets_the_one_answer_twice(site: Site) -> None:
    dossier, code = await site.accepted("clicked-twice")
    stored = await site.hub.database.fetchval("select state from dossier where id = $1", dossier)
    await write_state(site.hub, dossier, orjson.dumps(orjson.loads(stored) | {"status": "returned"}))
    said = {"diem-one-stop": "5"}
    clicks = [site.people.speak("danh-gia", code, PHONE[-4:], said) for _ in range(2)]
    answers = await asyncio.gather(*clicks)
    known = ("Đã ghi nhận", "mỗi bên được đánh giá một lần")  # this one where the first was on record already
    assert all(any(words in answer.text for words in known) for answer in answers), answers
    await site.counter.fact("rating.recorded", dossier)
    assert [one.data["score"] for one in site.counter.facts("rating.recorded", dossier)] == [5]


async def test_nobody_speaks_of_a_dossier_that_is_not_shown_to_them(site: Site) -> None:
    _, code = await site.accepted("foreign")
    for way in ("danh-gia", "phan-anh"):
        answer = await site.people.speak(way, code, "7K3M-9QXR", {"diem-one-stop": "1"})
        assert answer.status_code == 404
    assert (await site.people.client.get("/phan-anh")).status_code == 404


async def test_the_page_reads_what_it_shows_and_can_do_nothing_else(site: Site) -> None:
    connection: Connection = await asyncpg.connect(site.dsn)
    try:
        for statement in (
            "select * from fact limit 1",
            "select * from inbox limit 1",
            "select * from participant limit 1",
            "update dossier set parked = 0",
            "delete from alias",
            "insert into register_edition values ('organisations', 1, '', '', '', now(), null)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_is_no_look_up_gets_a_page_and_neither_log_nor_metrics_name_a_dossier(site: Site) -> None:
    _, code = await site.accepted("logged")
    client = site.people.client
    assert (await client.get("/")).headers["location"] == "/tra-cuu"
    assert (await client.get("/tra-cuu")).status_code == 200
    assert (await client.get("/tra-cuu?l=en")).text.count('lang="en"') >= 1
    assert (await client.head("/tra-cuu")).content == b""
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.put("/tra-cuu")).status_code == 404
    assert (await client.post("/tra-cuu", content=b"ma=%FF&kt=1")).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await client.post("/tra-cuu", content=b"ma=" + b"x" * 60_000, headers=form)).status_code == 400
    assert (await client.post("/tra-cuu", content=b"ma=%FF%FE&kt=1", headers=form)).status_code == 400
    await site.people.look_up(code, "0000")
    told = site.people.page.output()
    assert "look_ups_not_shown" in told
    assert code not in told
    assert ".H07-" not in told
    assert await metric(site.people.page, "hub_public_look_ups_total", outcome="unknown") >= 1
    assert ".H07-" not in await site.people.page.metrics()
