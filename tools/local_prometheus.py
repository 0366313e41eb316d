"""Prometheus beside `make up`: its configuration, and the targets in step with the ports of what runs."""

from __future__ import annotations

import json
from pathlib import Path

from tools.local_site import Site

REPOSITORY = Path(__file__).resolve().parents[1]
_ROLES = {"engine": "engine", "adapter": "adapter", "gateway": "gateway", "public": "public"}
_CONFIGURATION = """\
# Written by `make up`: prometheus --config.file={file}
global:
  scrape_interval: 5s
  evaluation_interval: 5s

rule_files: ["{rules}"]

scrape_configs:
  - job_name: hub
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 5s
"""


def configuration_file(site: Site) -> Path:
    """What Prometheus is started with; the targets stand beside it."""
    return site.folder / "prometheus" / "prometheus.yml"


def write_targets(site: Site) -> None:
    """The processes that serve metrics, each at its port of now; whoever reads sees the old or the new."""
    file = configuration_file(site)
    file.parent.mkdir(parents=True, exist_ok=True)
    rules = REPOSITORY / "deploy" / "prometheus" / "rules" / "*.yml"
    _put(file, _CONFIGURATION.format(file=file, rules=rules))
    found = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name, "role": role}}
        for name in site.records()
        if (role := _ROLES.get(name.partition("-")[0])) and (port := site.health_port(name))
    ]
    _put(file.with_name("targets.json"), json.dumps(found, indent=2) + "\n")


def _put(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)
