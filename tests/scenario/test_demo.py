"""The demo as its user runs it: a small week, its exit status, its last line and its tables."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from examples.demo.periods import EXPECTED
from examples.demo.plan import STORIES
from schemas.notice import NoticePurpose
from tests.support.forms import codes_of, text_of
from tests.support.stack import REPOSITORY
from tests.support.waiting import within

pytestmark = pytest.mark.long

_LIMIT_S = 300
_LAST = re.compile(
    r"demo: dossiers=40 accepted=(\d+) refused=(\d+) returned=(\d+) open=(\d+) "
    r"lost=0 duplicated=0 misordered=0 seconds=\d+"
)
_ADAPTERS = ("population", "postal", "portal", "notices", "typesetter")
_REFUSED = (
    "custody.lost", "due.no_apology", "envelope.bad_text", "envelope.bad_time", "envelope.content_type",
    "envelope.identity_in_key", "envelope.key_not_subject", "envelope.missing_attribute",
    "envelope.no_json", "envelope.too_large", "identity.another_person", "identity.not_checked",
    "identity.officer_unknown", "identity.paper_differs", "identity.paper_unchecked", "identity.unavailable",
    "payment.already_open", "pickup.already_collected", "pickup.already_open", "reference.in_use",
    "rule.13.4", "rule.13", "rule.14.3", "rule.15.6.b2.identity", "rule.15.6.c2", "rule.16",
    "rule.17.10.signer", "rule.17.2", "rule.17.3.b.open", "rule.17.5.b.open", "rule.17.6.a.open",
    "rule.17.6.a.turn", "rule.17.6.b.limit", "rule.17.9",
    "rule.21.3.compensation", "rule.17.10.signer", "rule.17.9",
    "rule.18.1", "rule.18.3", "rule.19.4", "rule.12.2", "rule.3.5", "rule.3.8", "rule.8.5.b",
    "schema.invalid", "schema.unknown_field", "schema.unknown_type", "security.foreign_organisation",
    "security.foreign_source", "security.id_reused", "security.not_granted", "security.wrong_environment",
    "signature.digest", "state.conflict", "unknown_dossier",
)  # fmt: skip
"""Every refusal that a story or the careless vendor sets off, at least once in a week of 40 dossiers."""


async def _run(home: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "examples.demo", *arguments,
        cwd=REPOSITORY,
        env=os.environ | {"HUB_HOME": str(home), "HUB_CACHE": str(REPOSITORY / "var" / "cache")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with within(_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.terminate()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, output.decode()


def _look_at_reports(folder: Path, output: str) -> None:
    """Those of the week that were asked for, and those of its quarter that were made by themselves."""
    reports = {file.name: text_of(file.read_bytes()) for file in folder.iterdir()}
    asked = {f"report-{kind}.pdf" for kind in ("766", "gains", "work", "late", "settlement")}
    assert "2026-Q3" in reports["report-settlement.pdf"]
    assert asked < reports.keys()
    assert Counter(name.partition("-")[0] for name in reports.keys() - asked) == EXPECTED
    assert "reports of the months and of the quarter, made by themselves: " in output
    assert "28 sent by e-mail, 11 left to operators" in output
    settled = reports["settlement-000.11.01.H07-2026-Q4.pdf"]
    assert all(word in settled for word in ("2026-Q4", "1.230.000", "275.000", "25.000")), settled
    assert all("THỦ TRƯỞNG ĐƠN VỊ" in text for text in reports.values())


async def test_a_week_passes_every_check_and_names_what_was_refused(tmp_path: Path) -> None:
    status, output = await _run(tmp_path, "--dossiers", "40")
    assert status == 0, output
    last = _LAST.fullmatch(output.splitlines()[-1])
    assert last is not None, output
    accepted, refused, returned, left = map(int, last.groups())
    assert accepted > 20
    assert refused >= len(_REFUSED)
    assert returned > 10
    assert left < 20
    different = re.search(r"different rules applied: (\d+), different refusals: (\d+)", output)
    assert different is not None, output
    assert int(different[1]) >= 60
    assert int(different[2]) >= 35
    assert [code for code in _REFUSED if not re.search(rf"^ *{re.escape(code)} ", output, re.MULTILINE)] == []
    for name in (
        "engine-2",
        "gateway",
        "adapter-population",
        "adapter-postal",
        "adapter-portal",
        "adapter-notices",
    ):
        assert f"{name}: killed (SIGKILL)" in output
    for system in ("population database", "postal operator", "national portal"):
        assert len(re.findall(rf"  {system}: ", output)) == 6
    for words in ("lodged on the national portal", "copies scanned and signed", "payments made"):
        assert re.search(rf"{words} +[1-9]", output), words
    assert "dossier.submitted" in output, "the timeline of one dossier"
    folder = tmp_path / "demo/run/forms"
    made = {file.name: text_of(file.read_bytes()) for file in folder.glob("*.pdf")}
    later = {file.name for file in (tmp_path / "demo/run/forms-of-03-2025").iterdir()}
    assert later == {f"form-0{number}.pdf" for number in range(1, 8)}
    assert (folder / "form-06.xlsx").is_file()
    assert made.keys() >= {f"form-0{number}.pdf" for number in range(1, 7)} | {
        "form-01-applicant.pdf",
        "form-urging.pdf",
    }
    assert "Liên 1" not in made["form-01-applicant.pdf"]
    mails = [file.read_text("ascii") for file in (tmp_path / "demo/run/messages-sandbox-mail").iterdir()]
    assert [mail for mail in mails if "Content-Type: application/pdf" in mail], "Form 01 goes with its e-mail"
    assert re.search(r"messages of the week: [1-9]\d* e-mails: .*; [1-9]\d* short messages", output)
    told = re.search(r"applicants were told: (.*)", output)
    assert told is not None, output
    assert set(re.findall(r"\d+ of (\w+)", told[1])) == set(get_args(NoticePurpose))
    headed = [text for name, text in made.items() if "true-copy" not in name]  # a mark, no letter
    assert all("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text for text in headed)
    assert "xã Giả Định" in made["form-01.pdf"], "names of organisations, as they were imported"
    codes = codes_of((tmp_path / "demo/run/forms/form-01-applicant.pdf").read_bytes())
    assert sum(code.startswith("https://tra-cuu.vi-du.example/tra-cuu?ma=") for code in codes) == 1
    assert len(codes) == 2, "the other one is that of Circular 01/2023"
    _look_at_reports(tmp_path / "demo/run/reports", output)
    assert "reports of the week, for a head to sign: " in output
    assert "duplicates suppressed" in output, "the ledger"
    assert not [line for line in output.splitlines() if line.startswith("problem:")]


async def test_a_week_without_some_of_the_stories_is_not_begun(tmp_path: Path) -> None:
    status, output = await _run(tmp_path, "--dossiers", "20")
    assert status == 2
    assert output.endswith(f"argument --dossiers: {len(STORIES)} to 3000\n")


async def test_a_second_demo_in_the_same_home_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    with (tmp_path / "demo" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, output = await _run(tmp_path, "--dossiers", "40")
    assert status == 2
    assert output == f"demo: another demo runs in {tmp_path / 'demo'}; set HUB_HOME to run a second one\n"
