"""What the commands print for participants over HTTPS can be pasted as it is, and shows nobody the token."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.participants import registry as participants
from tests.integration.participants.test_participants import command
from tests.support.gateways import Site, own_site
from tests.support.hubs import own_hub
from tests.support.requests import ONE_STOP, submission
from tests.support.waiting import eventually

JOIN = ("--http", "--role", "counter", "--organisation", ONE_STOP)
SHIM = """#!/bin/sh
tr '\\0' ' ' < /proc/self/cmdline >> "$SEEN"
printf '%s ' "$@" >> "$SEEN"
exec {curl} "$@"
"""


async def printed(site: Site, *words: str) -> str:
    status, output, errors = await command(site.hub, *words)
    assert status == 0, errors
    return output


def token_of(text: str) -> str:
    found = re.search(r"^token=(\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return found.group(1)


async def pasted(text: str, folder: Path) -> tuple[str, str]:
    """Run the commands that were printed; what they say, and all that stood on a command line meanwhile."""
    shim = folder / "bin" / "curl"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(curl=shutil.which("curl")))
    shim.chmod(0o755)
    seen = folder / "seen"
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-o", "pipefail", "-c", "source ./printed", cwd=folder,
        env=os.environ | {"PATH": f"{shim.parent}:{os.environ['PATH']}", "SEEN": str(seen)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode() + text
    return output.decode(), seen.read_text()


def commands_of(text: str) -> str:
    return text[text.index("\n# curl:") :]


@pytest.mark.needs("curl")
async def test_a_new_participant_pastes_what_is_printed(site: Site, tmp_path: Path) -> None:
    text = await printed(site, "add", "counter-pasted", *JOIN)
    assert f"counter-pasted: comes over HTTPS to {await site.gateway.door()}\n" in text
    (tmp_path / "request.json").write_bytes(orjson.dumps(submission()))
    (tmp_path / "printed").write_text(commands_of(text))
    output, seen = await pasted(text, tmp_path)
    assert '"messages"' in output
    assert "/v1/events" in seen
    assert token_of(text) not in seen
    assert (tmp_path / "counter-pasted.curl").stat().st_mode & 0o077 == 0
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, "counter-pasted")


@pytest.mark.needs("curl")
async def test_a_participant_over_kafka_pastes_the_upload(site: Site, tmp_path: Path) -> None:
    await printed(site, "add", "counter-scans", "--role", "counter", "--organisation", ONE_STOP)
    text = await printed(site, "documents", "counter-scans")
    assert f"counter-scans: uploads documents to {await site.gateway.door()}\n" in text
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\n%pasted\n%%EOF\n")
    (tmp_path / "printed").write_text(commands_of(text))
    output, seen = await pasted(text, tmp_path)
    assert orjson.loads(output)["media_type"] == "application/pdf"
    assert token_of(text) not in seen
    await participants.remove(site.hub.admin, site.hub.database, site.hub.store_key, "counter-scans")


async def test_without_a_gateway_the_setting_is_named_and_no_address_is_invented(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        status, text, errors = await command(hub, "add", "counter-early", *JOIN)
        assert status == 0, errors
        assert "HUB_GATEWAY__PUBLIC_URL" in text
        assert "http" not in text.lower().replace("over https", "")
        assert "<" not in text.replace("<<'END'", "")
        named = await command(hub, "rotate", "counter-early", HUB_GATEWAY__PUBLIC_URL="https://gate.example/")
        assert "GATEWAY=https://gate.example\n" in named[1]
        port = await command(
            hub, "rotate", "counter-early", HUB_GATEWAY__PORT="8443", HUB_GATEWAY__HOST="::1"
        )
        assert "GATEWAY=http://[::1]:8443\n" in port[1]
        everywhere = await command(
            hub, "rotate", "counter-early", HUB_GATEWAY__PORT="8443", HUB_GATEWAY__HOST="::"
        )
        assert "HUB_GATEWAY__PUBLIC_URL" in everywhere[1]


async def test_the_address_of_a_gateway_is_known_while_it_runs(site: Site, tmp_path: Path) -> None:
    told = "select count(*) from gateway_address where url = $1"
    public = "https://another.example:8443"
    async with own_site(
        site.hub, tmp_path, password=site.password, HUB_GATEWAY__PUBLIC_URL=f"{public}/"
    ) as other:

        async def is_told() -> bool:
            return bool(await site.hub.database.fetchval(told, public))

        await eventually(is_told, 20, "the address", other.gateway.output)
        assert await other.gateway.stop() == 0
        assert not await is_told()
