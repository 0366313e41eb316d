"""Where is dossier X, why is it late, what is broken: each by a command, on a hub with real traffic."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from python_calamine import CalamineWorkbook

from hub.budget.spending import day_of
from hub.embedded.stack import StackAddress
from hub.regulation.clock import VIETNAM
from tests.support.clients import Client
from tests.support.every_command import typed
from tests.support.forms import text_of
from tests.support.hub_commands import SURE
from tests.support.hubs import Hub, own_hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.stack import REPOSITORY
from tests.support.traffic import metric_becomes
from tests.support.waiting import eventually

PARK = """
insert into parked_request (dossier_id, participant, request_id, reason, record)
values ($1::uuid, 'counter-a', 'r-1', 'bug.KeyError', '')
"""
USED_UP = """
insert into participant_use (participant, day, kind, records, bytes)
values ('counter-a', $1, 'uploads', 200000, 1)
"""
DEAD = """
insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at, outcome)
values ('postal', 'm-1', $1, 1, 'onestop.pickup.ordered.v1', $1, now(), '{"name": "secret"}', 'dead', now(),
        '{"kind": "retry", "delay_s": 1, "why": "HTTP 503"}')
"""


@dataclass
class Office:
    """A hub in `test`, a counter, and one dossier that was accepted and forwarded; another only lodged."""

    hub: Hub
    counter: Client
    dossier: str = ""
    code: str = ""
    lodged: str = ""


@pytest.fixture(scope="module")
async def office(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("dossiers")
    async with own_hub(stack, folder, partitions=1, environment="test") as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        population = await hub.join("population", ["population"])
        made = Office(hub, counter)
        await hub.start_engine()
        receipt = await counter.ask(SUBMIT, "ref:HS-1", submission())
        made.dossier = receipt.data["dossier"]
        await counter.ask(VERIFY, "ref:HS-1", verification())
        asked = await population.fact("identity.check_requested")
        await population.ask(
            REPORT_IDENTITY, asked.headers["ce_subject"], identity_report(asked.data["check"])
        )
        early = await counter.ask(FORWARD, "ref:HS-1", {"officer": OFFICER, "to": AGENCY})
        assert early.data["code"] == "state.conflict"
        made.code = (await counter.ask(ACCEPT, "ref:HS-1", acceptance())).data["code"]
        await counter.ask(FORWARD, "ref:HS-1", {"officer": OFFICER, "to": AGENCY})
        made.lodged = (await counter.ask(SUBMIT, "ref:HS-2", submission())).data["dossier"]
        await counter.ask(VERIFY, "ref:HS-2", verification())
        yield made


async def asked(patched: pytest.MonkeyPatch, hub: Hub, *words: str, status: int = 0) -> Any:
    """What a command says as JSON."""
    found = await typed(patched, hub.environment, *words, "--json")
    assert found[0] == status, found
    return json.loads(found[1])


def names(rows: list[Mapping[str, Any]]) -> list[str]:
    return [row["dossier"] for row in rows]


async def test_a_dossier_is_found_by_every_name_and_by_what_is_known_of_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, code, lodged = office.hub, office.code, office.lodged
    for name in (code, office.dossier, office.dossier.upper(), "ref:HS-1", "HS-1", "ref:counter-a:HS-1"):
        assert names(await asked(monkeypatch, hub, "dossier", "find", name)) == [code], name
    assert set(names(await asked(monkeypatch, hub, "dossier", "find", office.dossier[:8]))) >= {code}
    assert names(await asked(monkeypatch, hub, "dossier", "find")) == [lodged, code], "newest first"
    assert names(await asked(monkeypatch, hub, "dossier", "find", "--status", "forwarded")) == [code]
    assert names(await asked(monkeypatch, hub, "dossier", "find", "--status", "returned")) == []
    by = ("--participant", "counter-a", "--limit", "1")
    assert names(await asked(monkeypatch, hub, "dossier", "find", *by)) == [lodged]
    assert names(await asked(monkeypatch, hub, "dossier", "find", "--participant", "population")) == []
    assert names(await asked(monkeypatch, hub, "dossier", "find", "--until", "2020-01-01")) == []
    assert len(await asked(monkeypatch, hub, "dossier", "find", "--since", "2020-01-01")) == 2


async def test_show_says_whose_turn_it_is_and_what_is_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.hub.database.execute(PARK, office.lodged)
    await office.hub.database.execute("update dossier set parked = 1 where id = $1::uuid", office.lodged)
    shown = await asked(monkeypatch, office.hub, "dossier", "show", office.code)
    assert (shown["dossier"], shown["code"]) == (office.dossier, office.code)
    assert (shown["status"], shown["turn"]) == ("forwarded", f"agency {AGENCY}")
    assert [clock["kind"] for clock in shown["deadlines"]] == ["forward", "apology", "due"]
    counted = shown["due_counted"]
    assert f"{counted['days']} WORKING_DAY" == shown["handling"]
    assert (counted["from"], counted["rule"]) == (shown["accepted_at"], "15.1.a")
    assert counted["calendar"] == shown["law"][2]
    assert shown["due_at"].endswith("Z")
    assert "dossier.receive" in shown["possible"]
    lodged = await asked(monkeypatch, office.hub, "dossier", "show", "HS-2")
    assert lodged["turn"] == f"one_stop {ONE_STOP}"
    assert [(wait["of"], wait["what"].split(",")[0]) for wait in lodged["waits_for"]] == [
        ("population", "identity of the owner")
    ]
    assert [row["reason"] for row in lodged["parked_requests"]] == ["bug.KeyError"]


async def test_the_timeline_has_facts_refusals_and_deliveries_and_nothing_personal(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.hub.database.execute(DEAD, office.dossier)
    lines = await asked(monkeypatch, office.hub, "dossier", "timeline", office.code)
    assert [line["name"] for line in lines if line["what"] == "fact"] == [
        "dossier.submitted", "identity.check_requested", "identity.matched", "dossier.accepted",
        "dossier.forwarded",
    ]  # fmt: skip
    assert [(line["name"], line["by"]) for line in lines if line["what"] == "refused"] == [
        ("state.conflict", "counter-a")
    ]
    assert [(line["to"], line["detail"]) for line in lines if line["what"] == "delivery"] == [
        (["postal"], "dead, 0 calls, retry: HTTP 503")
    ]
    accepted = next(line for line in lines if line["name"] == "dossier.accepted")
    assert (accepted["by"], accepted["data"]["code"]) == ("counter-a", office.code)
    assert accepted["rule"], "by which rule"
    submitted = next(line for line in lines if line["name"] == "dossier.submitted")
    assert ("2.8" in submitted["rule"], "khoản 8 Điều 2" in submitted["cites"]) == (True, True)
    personal = (*(str(APPLICANT[name]) for name in APPLICANT if name != "kind"), OFFICER["name"], "secret")
    for words in (("timeline", office.code), ("show", office.code), ("find",)):
        for more in ((), ("--json",)):
            found = await typed(monkeypatch, office.hub.environment, "dossier", *words, *more)
            assert found[0] == 0
            assert not [value for value in personal if value in found[1]]


async def test_what_is_due_and_overdue_is_listed_and_counted_by_agency(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = office.hub
    assert await asked(monkeypatch, hub, "due", "list", "--within", "1min") == []
    (soon,) = await asked(monkeypatch, hub, "due", "list", "--within", "60d")
    assert (soon["dossier"], soon["is_overdue"], soon["agency"]) == (office.code, False, AGENCY)
    assert await asked(monkeypatch, hub, "due", "list", "--within", "60d", "--agency", "000.99.99.H07") == []
    assert len(await asked(monkeypatch, hub, "due", "list", "--within", "60d", "--kind", "apology")) == 1

    await hub.database.execute("insert into clock_step values (now(), interval '30 days')")
    await hub.database.execute("update configuration_version set version = version + 1 where kind = 'clock'")

    async def is_overdue() -> bool:
        return bool(await hub.database.fetchval("select count(*) from overdue"))

    await eventually(is_overdue, 30, "the due time to be missed")
    (late,) = await asked(monkeypatch, hub, "due", "list", "--within", "8h")
    assert (late["dossier"], late["is_overdue"], late["due_at"]) == (office.code, True, soon["due_at"])
    assert re.fullmatch(r"-2\d d \d+ h", late["left"]), late
    (group,) = await asked(monkeypatch, hub, "due", "list", "--within", "8h", "--by", "agency")
    assert (group["agency"], group["overdue"], group["due"]) == (AGENCY, 1, 0)
    assert group["first_dossier"] == office.code
    assert (await asked(monkeypatch, hub, "dossier", "show", office.code))["overdue"] is True


async def test_the_log_has_a_line_for_each_kind_of_refusal_a_dead_letter_and_an_agency_that_nobody_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (engine,) = office.hub.processes
    refused = [await office.counter.ask(ACCEPT, f"ref:NO-{number}", acceptance()) for number in range(6)]
    assert {receipt.data["code"] for receipt in refused} == {"unknown_dossier"}
    lines = [line for line in engine.actions("refused") if line["code"] == "unknown_dossier"]
    assert 1 <= len(lines) < len(refused), "once a minute"
    assert (lines[0]["participant"], lines[0]["request"]) == ("counter-a", refused[0].data["request"])
    (early,) = (line for line in engine.actions("refused") if line["code"] == "state.conflict")
    assert early["dossier"] == office.dossier

    await office.counter.ask(SUBMIT, "ref:HS-4", b"{no json")  # type: ignore[arg-type]  # bytes on purpose
    letter = await office.hub.database.fetchrow("select topic, partition, at_offset from dead_letter")
    assert letter is not None
    told = [(line["topic"], line["partition"], line["offset"]) for line in engine.actions("dead_letter")]
    assert told == [tuple(letter)]
    await office.hub.database.execute("delete from dead_letter")

    (line,) = engine.actions("agency_unheard")
    assert (line["agency"], line["dossier"]) == (AGENCY, office.dossier)
    found = await asked(monkeypatch, office.hub, "failures", status=1)
    (unheard,) = (row for row in found if row["kind"] == "agency not told")
    assert (unheard["what"], unheard["count"]) == (AGENCY, 1)
    assert office.dossier in unheard["why"]
    await metric_becomes(engine, 1, "hub_organisations_unheard")
    await office.hub.register("agency-a", ["agency"], [AGENCY])
    await metric_becomes(engine, 0, "hub_organisations_unheard")
    found = await asked(monkeypatch, office.hub, "failures", status=1)
    assert [row for row in found if row["kind"] == "agency not told"] == [], "somebody speaks for it now"


async def test_every_command_of_the_first_questions_runs_as_the_page_has_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")
    section = page.partition("## The first questions")[2].partition("\n## ")[0]
    lines = [line.partition("#")[0] for line in section.splitlines() if line.startswith("hub ")]
    assert len(lines) > 8
    for line in lines:
        words = line.replace("000.12.34.H07-261123-0001", office.code).split()[1:]
        status, output, errors = await typed(monkeypatch, office.hub.environment, *words)
        assert status in {0, 1}, (line, errors)
        assert not errors.startswith("hub: "), line
        assert output, line


async def test_the_lag_is_that_of_each_topic_and_grows_while_nobody_reads(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = office.hub

    async def lag() -> dict[str, Any]:
        rows = await asked(monkeypatch, hub, "lag")
        return {f"{row['kind']} {row['name']}": row for row in rows}

    async def is_read() -> bool:
        return bool((await lag())[f"topic {hub.prefix}in.counter-a"]["waiting"] == 0)

    await eventually(is_read, 30, "all to be read")
    (engine,) = hub.processes
    await engine.stop()
    await office.counter.send(SUBMIT, "ref:HS-9", submission())
    waiting = (await lag())[f"topic {hub.prefix}in.counter-a"]
    assert (waiting["waiting"], waiting["age_s"] >= 0, waiting["since"][-1]) == (1, True, "Z")
    engine.start()
    await engine.ready()
    await eventually(is_read, 30, "the last record to be read", engine.output)

    administrator = hub.environment | {
        "HUB_KAFKA__USER": hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": hub.address.kafka_admin_password,
    }
    places = {TopicPartition(office.counter.out_topic, 0): 1}
    await office.counter._consumer.commit(places)
    status, output, errors = await typed(monkeypatch, administrator, "lag", "--json")
    assert (status, errors) == (0, "")
    (reader,) = (row for row in json.loads(output) if row["kind"] == "reader")
    assert (reader["name"], reader["waiting"]) == (f"{hub.prefix}counter-a", len(office.counter.inbox) - 1)


async def test_what_is_broken_is_listed_with_the_command_that_mends_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = office.hub
    await office.counter.ask(SUBMIT, "ref:HS-3", b"{no json")  # type: ignore[arg-type]  # bytes on purpose
    await hub.database.execute(
        "insert into participant_brake (participant, reason, until)"
        " values ('counter-a', 'refused', now() + interval '1 hour') on conflict do nothing"
    )
    await hub.database.execute("insert into delivery_pause values ('portal', 'their update', 'op')")
    await hub.database.execute(USED_UP, day_of(datetime.now(UTC)))
    await hub.database.execute(
        "update intake_offset set stopped = 'lost: offsets 1 to 3 are gone from the log'"
        " where topic = $1", f"{hub.prefix}in.population",
    )  # fmt: skip
    found = {row["kind"]: row for row in await asked(monkeypatch, hub, "failures", status=1)}
    assert found["dead letters"]["why"] == "envelope.no_json"
    assert found["braked"]["mend"].endswith("hub participants resume counter-a")
    assert found["paused"]["mend"] == "hub deliveries resume portal"
    assert found["stopped"]["mend"].endswith(f"hub offsets accept {hub.prefix}in.population 0")
    assert found["parked"]["what"] == office.lodged
    assert found["given up"]["mend"] == "hub deliveries list postal --state dead"
    assert found["budget used up"]["what"] == "counter-a"
    assert found["budget used up"]["why"].startswith("uploads 100%: ")
    assert "hub participants budget counter-a --uploads-per-day" in found["budget used up"]["mend"]
    assert "no engine" not in found
    status, output, _ = await typed(monkeypatch, hub.environment, "failures")
    assert (status, len(output.splitlines())) == (1, 1 + len(found))


async def test_a_hub_without_trouble_has_no_failures(
    stack: StackAddress, monkeypatch: pytest.MonkeyPatch, office: Office
) -> None:
    """What the tests before have broken is mended by the commands that were named."""
    hub = office.hub
    letter = (await asked(monkeypatch, hub, "dead-letters", "list"))[0]["id"]
    for words in (
        ("participants", "resume", "counter-a"),
        ("deliveries", "resume", "portal", "--operator", "op"),
        ("offsets", "accept", f"{hub.prefix}in.population", "0", *SURE),
        ("dead-letters", "resolve", str(letter), *SURE),
    ):
        status, _, errors = await typed(monkeypatch, hub.environment, *words)
        assert status == 0, errors
    await hub.database.execute("delete from parked_request")
    await hub.database.execute("update dossier set parked = 0")
    await hub.database.execute("delete from delivery")
    await hub.database.execute("delete from participant_use where kind = 'uploads'")
    status, output, errors = await typed(monkeypatch, hub.environment, "failures")
    assert (status, errors) == (0, ""), output
    done = {row["action"] for row in await asked(monkeypatch, hub, "actions")}
    assert done == {"participant.resumed", "delivery.resumed", "offsets.accepted", "dead_letter.resolved"}


async def test_form_01_is_printed_of_the_stored_facts_and_that_it_was_is_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub, made = office.hub, tmp_path / "form-01.pdf"
    words = ("forms", "preview", "01", "--dossier", office.code, "--into", str(made))
    assert (await typed(monkeypatch, hub.environment, *words))[0] == 2, "--reason is needed"
    assert not made.exists()
    why = ("--reason", "reprint", "--operator", "op")
    assert (await typed(monkeypatch, hub.environment, *words, *why))[0] == 0
    text = text_of(made.read_bytes())
    assert made.stat().st_mode & 0o077 == 0
    assert APPLICANT["name"] in text
    assert office.code in text
    assert OFFICER["name"] in text
    (kept,) = await asked(monkeypatch, hub, "actions", office.dossier)
    assert (kept["operator"], kept["action"], kept["reason"]) == ("op", "form_printed", "reprint")
    early = ("forms", "preview", "01", "--dossier", office.lodged, "--into", str(tmp_path / "no.pdf"))
    status, out, err = await typed(monkeypatch, hub.environment, *early, "--reason", "a test")
    assert status == 1
    assert "has no dossier.accepted" in out + err


async def test_the_register_has_the_accepted_dossiers_of_the_days_and_of_that_one_stop_only(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub, today = office.hub, datetime.now(UTC).astimezone(VIETNAM)
    days = ("--from", f"{today - timedelta(days=1):%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}")
    why = ("--reason", "a test")

    async def rows(organisation: str, name: str, *more: str) -> list[list[Any]]:
        into = tmp_path / name
        words = ("forms", "register", organisation, *(more or days), "--into", str(into), *why)
        assert (await typed(monkeypatch, hub.environment, *words))[0] == 0
        assert into.stat().st_mode & 0o077 == 0
        return CalamineWorkbook.from_path(str(into)).get_sheet_by_index(0).to_python()[1:]

    (row,) = await rows(ONE_STOP, "register.xlsx")
    assert (row[1], row[4]) == (office.code, APPLICANT["name"])
    assert row[9], "the transfer"
    assert await rows(AGENCY, "other.xlsx") == []
    assert await rows(ONE_STOP, "before.xlsx", "--from", "2026-01-05", "--to", "2026-01-09") == []
    for first, last in (
        ("2026-01-05", "2026-01-04"),
        ("2026-01-05", "9999-12-31"),
        ("0001-01-01", "2026-01-05"),
    ):
        wrong = ("--from", first, "--to", last, "--into", str(tmp_path / "wrong.xlsx"), *why)
        status, _, told = await typed(monkeypatch, hub.environment, "forms", "register", ONE_STOP, *wrong)
        assert (status, "--from is a day before" in told) == (2, True)
    pdf = tmp_path / "register.pdf"
    words = ("forms", "register", ONE_STOP, *days, "--into", str(pdf), "--reason", "a test")
    assert (await typed(monkeypatch, hub.environment, *words))[0] == 0
    assert office.code in text_of(pdf.read_bytes())
    kept = await asked(monkeypatch, hub, "actions", ONE_STOP)
    assert {one["action"] for one in kept} == {"register_written"}
    await hub.database.execute(
        "update fact set mac = '' where dossier_id = $1 and sequence = 1", office.dossier
    )
    broken = tmp_path / "broken.xlsx"
    words = ("forms", "register", ONE_STOP, *days, "--into", str(broken), "--reason", "a test")
    assert (await typed(monkeypatch, hub.environment, *words))[0] == 1
    assert not broken.exists(), "half a register looks like a whole one"
