"""The commands of the page for participants, run as they stand there: joining over HTTPS with curl."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import orjson
import pytest

from hub import participants
from tests.support.gateways import Site
from tests.support.stack import REPOSITORY

_PAGE = REPOSITORY / "docs" / "participants.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=====next====="


def blocks() -> list[str]:
    """The commands of the chapter, block by block."""
    chapter = _PAGE.read_text("utf-8").split("## 11. Joining over HTTPS", 1)[1].split("\n## ", 1)[0]
    return _BLOCK.findall(chapter)


@pytest.mark.needs("curl")
async def test_a_newcomer_gets_through_the_page_with_curl(site: Site, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    command = tmp_path / "hub"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub.cli "$@"\n')
    command.chmod(0o755)
    administrator = site.hub.environment | {
        "HUB_KAFKA__USER": site.hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": site.hub.address.kafka_admin_password,
        "HUB_GATEWAY__PUBLIC_URL": await site.gateway.door(),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
    }
    script = f"\necho; echo {_MARK}\n".join(blocks())
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-o", "pipefail", "-c", script, cwd=tmp_path, env=os.environ | administrator,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, output.decode() + errors.decode()
    said = output.decode().split(f"{_MARK}\n")
    assert len(said) == len(blocks()) == 10
    added, _, first, receipt, batch, messages, stream, dossier, scans, problem = said
    assert "token=" in added
    assert re.match(r"HTTP/1.1 20[02] ", first)
    dossier_id = orjson.loads(receipt)["dossier"]
    assert [item["status"] for item in orjson.loads(batch)["answers"]] == [200, 200]
    assert "cursor" in messages
    assert "event: message" in stream
    assert orjson.loads(dossier)["dossier"] == dossier_id
    assert orjson.loads(scans)["media_type"] == "application/pdf"
    assert orjson.loads(problem)["code"] == "envelope.missing_attribute"
    await participants.remove(site.hub.admin, site.hub.database, "counter-h")
