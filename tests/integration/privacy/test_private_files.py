"""What programs write about persons is closed to other users of the machine, whatever their umask was."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from tests.support.gateways import own_site
from tests.support.hubs import own_hub
from tests.support.modes import open_to_others
from tests.support.requests import ONE_STOP
from tests.support.stack import REPOSITORY

SCAN = b"%PDF-1.7\n" + b"0" * 5000


@pytest.mark.parametrize("name", ["postal", "population_db", "national_portal"])
def test_the_journal_of_a_sandbox_is_its_owners(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "sandbox"
    folder.mkdir()
    command = [sys.executable, "-m", f"adapters.{name}.sandbox", "--port", "0"]
    with subprocess.Popen(
        [*command, "--journal", str(folder / "journal.jsonl")],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        umask=0o022,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"{")
        finally:
            process.terminate()
    assert (folder / "journal.jsonl").exists()
    assert open_to_others(folder) == []


async def test_documents_that_a_gateway_stores_are_its_owners(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub, own_site(hub, tmp_path) as site:
        await hub.start_engine()
        visitor = await site.join("counter-private", ["counter"], [ONE_STOP])
        answer = await visitor.client.post(
            "/v1/documents",
            params={"sha256": sha256(SCAN).hexdigest()},
            content=SCAN,
            headers={"content-type": "application/pdf"},
        )
        assert answer.status_code == 201
        assert any(path.is_file() for path in site.documents.rglob("*"))
        assert open_to_others(site.documents) == []
