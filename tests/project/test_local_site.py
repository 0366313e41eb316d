"""The page of `make up` and its neighbours, without a hub: what is shown, escaped, and kept in step."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from hub.dossier.state.model import Status
from hub.dossier.turn import Side
from hub.embedded.state import ServerRecord
from hub.oversight.failures import Failure
from tools import local_prometheus, site_view
from tools.local_site import Site
from tools.site_health import Health, of_answer
from tools.site_looking import Snapshot, answered
from tools.site_page import HERE, Template

NOW = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&"
METRICS = """\
# TYPE hub_events_accepted counter
hub_events_accepted_total{participant="one-stop",event_type="dossier.submit"} 3.0
hub_events_accepted_total{participant="town-hall",event_type="result.issue"} 2.0
# TYPE hub_events_rejected counter
hub_events_rejected_total{participant="one-stop",reason="rule.14.3"} 4.0
hub_events_rejected_total{participant="town-hall",reason="rule.14.3"} 1.0
"""


def row(name: str) -> dict[str, object]:
    return {"dossier": name, "status": name, "turn": f"{name} {name}", "due_at": NOW, "procedure": name}


def test_whatever_is_shown_is_escaped() -> None:
    seen = Snapshot(NOW, [Health(EVIL, is_well=False, says=EVIL, do=EVIL)])
    seen.refused = Counter({EVIL: 2})
    seen.failures = [Failure(EVIL, EVIL, EVIL, EVIL, 2, NOW)]
    seen.dossiers = [row(EVIL)]
    seen.facts = [{"time": EVIL, "type": EVIL, "dossier": EVIL}]
    event = {"at": NOW, "what": EVIL, "name": EVIL, "by": EVIL, "detail": EVIL}
    whole = {**row(EVIL), "code": None, "waits_for": [{"what": EVIL}], "papers": {EVIL: EVIL}, EVIL: [EVIL]}
    pages = (
        site_view.first_page(seen, {EVIL: {EVIL: EVIL}}),
        site_view.dossier_page(whole, [event]),
        site_view.several_page([row(EVIL), row(EVIL)]),
        site_view.altered_page(EVIL),
    )
    for page in pages:
        assert "<img" not in page
        assert "&lt;img" in page
    for page in (pages[0], pages[2]):
        assert "name=%3Cimg" in page


def test_a_page_needs_nothing_from_elsewhere_and_its_policy_names_its_own_script_and_style() -> None:
    text = (HERE / "site_page.html").read_text("utf-8")
    assert re.search(r"""(?:src|href)\s*=|url\(|@import|https?://|\sstyle=|\son\w+=""", text) is None
    answer = Template(text).filled("<p>here</p>")
    whole, policy = bytes(answer.body).decode(), answer.headers["content-security-policy"]
    for element in ("style", "script"):
        found = re.search(rf"<{element}>(.*?)</{element}>", whole, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "<p>here</p>" in whole
    assert "<!--" not in whole


def test_every_state_and_every_side_has_its_words_in_both_languages() -> None:
    for status in get_args(Status):
        assert 'lang="en"' in site_view.words(status, "statuses"), status
    for side in get_args(Side):
        assert 'lang="en"' in site_view.words(side, "turns"), side


def test_requests_are_counted_by_their_answer_over_all_participants() -> None:
    assert answered(METRICS) == (5, Counter({"rule.14.3": 5}))


def test_what_nobody_can_tell_is_no_nought() -> None:
    page = site_view.first_page(Snapshot(NOW, [], is_store_away=True), {})
    assert '<li class="" id="count-overdue"><b>?</b>' in page
    assert "PostgreSQL does not answer" in page


@pytest.mark.parametrize(
    ("status", "body", "is_well", "says"),
    [
        (200, {"ok": True, "impaired": []}, True, "works"),
        (200, {"ok": True, "impaired": ["in.a 0: gap"]}, False, "works, but not: in.a 0: gap"),
        (503, {"ok": False, "reason": "PostgreSQL is away"}, False, "is not ready: PostgreSQL is away"),
        (500, {}, False, "is not ready: 500"),
    ],
)
def test_a_process_that_is_not_well_says_why_and_what_to_do(
    status: int, body: dict[str, object], is_well: bool, says: str
) -> None:
    found = of_answer("engine-1", status, body)
    assert (found.is_well, found.says, bool(found.do)) == (is_well, says, not is_well)


def test_prometheus_follows_a_process_to_another_port(tmp_path: Path) -> None:
    site = Site(tmp_path)
    record = ServerRecord(pid=1, started=0.0)
    site.log("x").parent.mkdir(parents=True)
    site.remember(dict.fromkeys(("sandbox-x", "engine-1", "adapter-x", "gateway", "page"), record))

    def serve_at(ports: dict[str, int]) -> dict[str, list[str]]:
        for name, port in ports.items():
            line = json.dumps({"action": "health_ready", "port": port})
            site.log(name).write_text(f"Hello\n{line}\n", "utf-8")
        local_prometheus.write_targets(site)
        written = local_prometheus.configuration_file(site).with_name("targets.json").read_text("utf-8")
        return {one["labels"]["instance"]: one["targets"] for one in json.loads(written)}

    found = serve_at({"engine-1": 1001, "adapter-x": 1002, "page": 1003})
    assert found == {"engine-1": ["127.0.0.1:1001"], "adapter-x": ["127.0.0.1:1002"]}
    found = serve_at({"engine-1": 2001, "gateway": 2004})
    assert found["engine-1"] == ["127.0.0.1:2001"]
    assert found["gateway"] == ["127.0.0.1:2004"]
    configuration = local_prometheus.configuration_file(site).read_text("utf-8")
    (rules,) = re.findall(r'rule_files: \["(.*)"\]', configuration)
    assert list(Path(rules).parent.glob(Path(rules).name))


@pytest.mark.needs("promtool")
def test_prometheus_takes_the_configuration_of_make_up(tmp_path: Path) -> None:
    site = Site(tmp_path)
    local_prometheus.write_targets(site)
    command = ["promtool", "check", "config", str(local_prometheus.configuration_file(site))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
