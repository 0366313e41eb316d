"""Dashboards and rules: whole, provisioned, and speaking only of metrics that are served."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promql import labels_left, series, unknown
from tools.metrics_table import DECLARATIONS, declared

DEPLOY = Path(__file__).parents[2] / "deploy"
GRAFANA = DEPLOY / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
DATASOURCES = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text("utf-8"))
COMPOSE = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text("utf-8"))
RULES = yaml.safe_load((DEPLOY / "prometheus/rules/hub.yml").read_text("utf-8"))
STORED = series({m.name: (m.kind, m.labels) for role in DECLARATIONS for m in declared(role)})
UNITS = {"s", "short", "reqps", "ops", "percentunit"}
_NOT_ON_A_BOARD: set[str] = set()
"""Metrics that no dashboard shows, on purpose."""


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression with Grafana's variables filled in."""
    for name, board in BOARDS.items():
        for panel in panels(board):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", filled_in(target["expr"])
        for item in board["annotations"]["list"]:
            yield f"{name}: annotation", item["expr"]
    for rule in (rule for group in RULES["groups"] for rule in group["rules"]):
        yield f"rule {rule['alert']}", rule["expr"]


def filled_in(expression: str) -> str:
    filled = re.sub(r"\[\$__(rate_interval|range)\]", "[5m]", expression)
    filled = re.sub(r'"\$(participant|adapter)"', '".*"', filled)
    assert "$" not in filled, f"a variable that is none of Grafana's or ours: {expression}"
    return filled


EXPRESSIONS = [pytest.param(expression, id=place) for place, expression in expressions()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_only_for_metrics_and_labels_that_are_served(expression: str) -> None:
    assert unknown(expression, STORED) == []


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("sum(hub_no_such_metric)", ["hub_no_such_metric"]),
        ('hub_deadlines_at_risk{hours="4"}', ["hub_deadlines_at_risk: hours"]),
        ("sum by (topic) (hub_parked_keys)", ["hub_parked_keys: topic", "by (topic)"]),
        (
            'hub_outbox_pending{adapter="x"} unless on (state) hub_parked_keys',
            ["on (state)"],
        ),
        ("sum by (le) (rate(hub_batch_records[5m]))", ["hub_batch_records", "by (le)"]),
        ("sum by (le) (rate(hub_batch_records_bucket[5m]))", []),
    ],
)
def test_what_is_not_served_is_found(expression: str, wrong: list[str]) -> None:
    assert unknown(expression, STORED) == wrong


@pytest.mark.needs("promtool")
def test_promtool_can_read_every_expression(tmp_path: Path) -> None:
    rules = [
        {"record": f"checked:{number}", "expr": expression}
        for number, (_, expression) in enumerate(expressions())
    ]
    path = tmp_path / "checked.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "checked", "rules": rules}]}), "utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_is_on_a_dashboard() -> None:
    shown = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for _, expression in expressions()
        for name in re.findall(r"\bhub_\w+", expression)
    }
    served = {metric.name for role in DECLARATIONS for metric in declared(role)}
    assert served - shown == _NOT_ON_A_BOARD


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_panel_says_what_it_shows_in_what_unit(name: str) -> None:
    titles = [panel["title"] for panel in BOARDS[name]["panels"]]
    assert len(titles) == len(set(titles))
    for panel in panels(BOARDS[name]):
        assert len(panel["title"]) > 5
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["targets"], panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_legend_names_only_labels_that_the_result_has(name: str) -> None:
    for panel in panels(BOARDS[name]):
        for target in panel["targets"]:
            left = labels_left(target["expr"])
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert left is None or named == left, panel["title"]


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_panels_fill_the_grid_and_do_not_overlap(name: str) -> None:
    cells: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(ids) == len(set(ids))
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        own = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & own, panel["title"]
        cells |= own


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_dashboard_asks_the_provisioned_datasource_only(name: str) -> None:
    provisioned = {source["uid"] for source in DATASOURCES["datasources"]}
    asked = set(re.findall(r'"datasource": \{\s*"type": "prometheus",\s*"uid": "([^"]+)"', text_of(name)))
    assert asked == provisioned
    assert text_of(name).count('"datasource":') == len(re.findall(r'"uid": "hub-prometheus"', text_of(name)))


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_variables_list_labels_that_exist(name: str) -> None:
    for variable in BOARDS[name]["templating"]["list"]:
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]  # no match is a failure
        assert label in STORED[metric]
        assert variable["query"]["query"] == variable["definition"]
        assert f"${variable['name']}" in text_of(name)


def test_uids_and_titles_are_unique_and_name_the_files() -> None:
    assert {board["uid"] for board in BOARDS.values()} == BOARDS.keys()
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS) == 5
    assert {board["schemaVersion"] for board in BOARDS.values()} == {41}


def test_grafana_is_given_the_dashboards_and_the_address_of_prometheus() -> None:
    mounts = dict(mount.split(":")[:2] for mount in COMPOSE["services"]["grafana"]["volumes"])
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/hub.yml").read_text("utf-8"))["providers"][
        0
    ]
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert [source["url"] for source in DATASOURCES["datasources"]] == ["http://prometheus:9090"]
    assert "prometheus" in COMPOSE["services"]["grafana"]["depends_on"]


def text_of(name: str) -> str:
    return (GRAFANA / "dashboards" / f"{name}.json").read_text("utf-8")
