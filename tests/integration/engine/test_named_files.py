"""Files and folders that settings of an engine or a gateway name: what is of no use is told in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from hub.facts.integrity import FILE_NAME
from hub.participants.admission import GATEWAY
from tests.support.gateways import Site, own_site
from tests.support.hubs import own_hub
from tests.support.processes import HubProcess

pytestmark = pytest.mark.long

CONTENTS: Mapping[str, bytes | None] = {
    "nothing there": None, "empty": b"", "no text": b"\xff\x00\xfe", "without bottom": b"[" * 100_000,
    "a folder": b"folder",
}  # fmt: skip
OF_USE = {
    ("HUB_REGULATION", ""): ("a folder",),
    ("HUB_REGULATION", "profiles/a.toml"): ("nothing there", "a folder"),
    ("HUB_DOCUMENTS__FOLDER", ""): ("nothing there", "a folder"),
}


@pytest.fixture(scope="module")
async def site(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("files")
    async with own_hub(stack, folder, environment="test") as hub, own_site(hub, folder) as opened:
        yield opened


def place(file: Path, content: bytes | None) -> None:
    if content == b"folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)


async def ends_with_one_line(site: Site, role: str, setting: str, named: Path, words: str) -> None:
    """A process of this role with this setting."""
    environment = {**site.hub.environment, "HUB_ENGINE__INSTANCE": "of-files"}
    if role == "gateway":
        environment |= {
            "HUB_KAFKA__USER": f"{site.hub.prefix}{GATEWAY}",
            "HUB_KAFKA__PASSWORD": site.password,
        }
        environment |= {"HUB_STORE_KEY_FILE": str(site.hub.master_key_file.with_name(FILE_NAME))}
    process = HubProcess(role, "of-files", {**environment, setting: str(named)}, named.parent)
    site.hub.processes.append(process)
    process.start()
    status = await process.ended(30)
    said = [line for line in process.output().splitlines() if not line.startswith("{")]
    assert (status, len(said)) == (2, 1), process.output()
    assert said[0].startswith("hub: ")
    assert words in said[0]


@pytest.mark.parametrize(
    ("role", "setting", "inside", "words", "kind"),
    [
        (*case, kind)
        for case in (
            ("engine", "HUB_MASTER_KEY_FILE", "", "HUB_MASTER_KEY_FILE: "),
            ("engine", "HUB_REGULATION", "", "HUB_REGULATION"),
            ("engine", "HUB_REGULATION", "profiles/a.toml", "a change of the law is a new file"),
            ("engine", "HUB_SIGNING__TRUST_FOLDER", "", "roots.pem"),
            ("engine", "HUB_SIGNING__TRUST_FOLDER", "roots.pem", "roots.pem"),
            ("engine", "HUB_DOCUMENTS__FOLDER", "", "HUB_DOCUMENTS__FOLDER: "),
            ("gateway", "HUB_STORE_KEY_FILE", "", "HUB_STORE_KEY_FILE: "),
            ("gateway", "HUB_REGULATION", "", "HUB_REGULATION"),
            ("gateway", "HUB_DOCUMENTS__FOLDER", "", "HUB_DOCUMENTS__FOLDER: "),
        )
        for kind in CONTENTS
        if kind not in OF_USE.get((case[1], case[2]), ())
    ],
)
async def test_a_file_that_a_setting_names_and_that_is_of_no_use_is_told_in_one_line(
    site: Site, tmp_path: Path, role: str, setting: str, inside: str, words: str, kind: str
) -> None:
    named = tmp_path / "named"
    if inside:
        (named / inside).parent.mkdir(parents=True)
    place(named / inside, CONTENTS[kind])
    await ends_with_one_line(site, role, setting, named, words)
