"""A full disk, for real: each server's data on a small file system that is filled under a working hub."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from tests.support.breakable import breakable_hub, reconnect
from tests.support.clients import Client
from tests.support.hubs import Hub
from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP, VERIFY, verification
from tests.support.stack import REPOSITORY
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

SENDING_S = 10.0
SMALL = 320 << 20
"""Room for a fresh server's data; what is left of it is filled by the test."""


def may_mount() -> bool:
    """Mounting needs root with the right to it, which containers may lack."""
    return subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    ).returncode == 0  # fmt: skip


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not may_mount(), reason="needs the right to mount file systems"),
]


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of its own at `folder`, with what was in it; what is in it at the end stays there."""
    kept = folder.with_name(f"{folder.name}.kept")
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename(kept)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
        yield folder
    finally:
        try:
            shutil.rmtree(kept)
            kept.mkdir()
            subprocess.run(["cp", "-a", f"{folder}/.", str(kept)], check=True)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
        kept.rename(folder)


def fill(disk: Path) -> Path:
    """Take all the room that is left, also while servers take of it; returns the file to delete."""
    filler, taken = disk / "filler", 0
    with filler.open("wb") as file:
        while free := shutil.disk_usage(disk).free:
            try:
                os.posix_fallocate(file.fileno(), taken, free)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            else:
                taken += free
    return filler


def test_too_little_room_is_said_in_one_line_before_anything_is_started(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with small_disk(home, 64 << 20):
        command = [sys.executable, "-m", "hub.embedded", "up", "--home", str(home)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert re.fullmatch(
            rf"hub embedded: disk: 6\d MiB free at {home}; the embedded stack needs 1024 MiB\n", done.stderr
        )
        assert [server.state for server in embedded.status(home)] == ["stopped", "stopped"]


async def health(engine: HubProcess, path: str) -> int:
    async with plain_http(10) as client:
        return (await client.get(f"{await engine.url()}/{path}")).status_code


async def is_ready(engine: HubProcess, *, wanted: bool) -> bool:
    return (await health(engine, "readyz") == 200) is wanted


async def test_a_full_disk_of_postgresql_costs_nothing_but_time(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = own_stack
    embedded.stop_postgres(home)
    with small_disk(home / "postgres", SMALL) as disk:
        embedded.start_postgres(home)
        async with breakable_hub(address, tmp_path) as hub:
            await through_a_full_disk(hub, disk, lambda: start_again(home, "postgres"))
        embedded.stop_postgres(home)


async def test_a_full_disk_of_kafka_costs_nothing_but_time(
    own_stack: tuple[Path, StackAddress], tmp_path: Path
) -> None:
    home, address = own_stack
    embedded.start_postgres(home)
    embedded.stop_kafka(home)
    with small_disk(home / "kafka", SMALL) as disk:
        embedded.start_kafka(home)
        async with breakable_hub(address, tmp_path) as hub:
            await through_a_full_disk(hub, disk, lambda: start_again(home, "kafka"))
        embedded.stop_kafka(home)


def start_again(home: Path, server: str) -> None:
    """What a supervisor does with a server that has ended itself; no more than a look if it has not."""
    (embedded.start_postgres if server == "postgres" else embedded.start_kafka)(home)


async def through_a_full_disk(hub: Hub, disk: Path, restart: Callable[[], None]) -> None:
    counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
    traffic = Traffic(hub, [counter, await hub.join("population", ["population"])])
    engine = await hub.start_engine()
    dossiers = await traffic.dossiers(counter, 10)
    filler = fill(disk)
    sending = asyncio.create_task(send_until_refused(traffic, counter, dossiers))
    await eventually(lambda: is_ready(engine, wanted=False), 60, "readiness to fall", engine.output)
    assert await health(engine, "livez") == 200
    filler.unlink()
    await asyncio.to_thread(restart)
    await reconnect(hub)
    await eventually(lambda: is_ready(engine, wanted=True), 60, "readiness", engine.output)
    refused = await sending
    if refused is not None:
        _, event_id = next(reversed(traffic.sent))
        await counter.send(VERIFY, refused, verification(), event_id=event_id)
    await traffic.verify(counter, dossiers)
    await traffic.check(least_told=2 * len(dossiers))  # each submission and its last check at least
    assert engine.exit_status is None, engine.output()


async def send_until_refused(traffic: Traffic, client: Client, dossiers: list[str]) -> str | None:
    """Requests until the broker takes no more, or for a while; the dossier of the one that it refused.

    What it did not acknowledge it may still have stored, so that one has to be sent again, with its id.
    """
    end = asyncio.get_running_loop().time() + SENDING_S
    while asyncio.get_running_loop().time() < end:
        for dossier in dossiers:
            try:
                await traffic.send(client, VERIFY, dossier, verification())
            except KafkaError:
                return dossier
    return None
