"""The commands of the page for participants, run as they stand there: joining over HTTPS with curl."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import orjson
import pytest

from hub.participants import registry as participants
from tests.support.gateways import Site
from tests.support.stack import REPOSITORY

_PAGE = REPOSITORY / "docs" / "participants.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=====next====="


def blocks(chapter: str) -> list[str]:
    """The commands of a chapter, block by block."""
    return _BLOCK.findall(_PAGE.read_text("utf-8").split(f"## {chapter}\n", 1)[1].split("\n## ", 1)[0])


async def said_by(site: Site, tmp_path: Path, *commands: str) -> list[str]:
    """What each block says when they run one after another in one shell."""
    (tmp_path / "var").mkdir()
    command = tmp_path / "hub"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub.cli.main "$@"\n')
    command.chmod(0o755)
    administrator = site.hub.environment | {
        "HUB_KAFKA__USER": site.hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": site.hub.address.kafka_admin_password,
        "HUB_GATEWAY__PUBLIC_URL": await site.gateway.door(),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
    }
    script = f"\necho; echo {_MARK}\n".join(commands)
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-o", "pipefail", "-c", script, cwd=tmp_path, env=os.environ | administrator,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, output.decode() + errors.decode()
    return output.decode().split(f"{_MARK}\n")


@pytest.mark.needs("curl")
async def test_a_newcomer_gets_through_the_page_with_curl(site: Site, tmp_path: Path) -> None:
    over_https, looked_up = blocks("11. Joining over HTTPS"), blocks("13. What you may name")[0]
    said = await said_by(site, tmp_path, *over_https, looked_up)
    assert len(said) == 11
    added, first, receipt, batch, messages, stream, dossier, explained, scans, problem, named = said
    assert "GATEWAY=http" in added
    assert "token=" not in added
    assert re.match(r"HTTP/1.1 20[02] ", first)
    dossier_id = orjson.loads(receipt)["dossier"]
    assert [item["status"] for item in orjson.loads(batch)["answers"]] == [200, 200]
    assert list(orjson.loads(messages)) == ["messages", "cursor"]
    assert "event: message" in stream
    assert orjson.loads(dossier)["dossier"] == dossier_id
    assert orjson.loads(explained)["dossier"] == dossier_id
    assert orjson.loads(scans)["media_type"] == "application/pdf"
    assert orjson.loads(problem)["code"] == "envelope.missing_attribute"
    assert '"procedures":[' in named
    assert re.search(r"^etag: \"[0-9a-f]{32}\"", named, re.MULTILINE)
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, "counter-h")


@pytest.mark.needs("curl")
async def test_a_participant_over_kafka_uploads_a_scan_by_the_page(site: Site, tmp_path: Path) -> None:
    added, stored, refused = await said_by(site, tmp_path, *blocks("12. Scans of a participant over Kafka"))
    assert "sasl.password=" in added
    assert orjson.loads(stored)["media_type"] == "application/pdf"
    assert orjson.loads(refused)["code"] == "http.over_kafka"
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, "counter-k")
