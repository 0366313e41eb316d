"""Traffic on the hub of `make up`: `python -m tools.local_traffic --rate N` (`hub sandbox traffic`)."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from examples.demo.members import ONE_STOPS
from examples.demo.procedures import AGENCIES
from examples.traffic.lives import COUNTER
from examples.traffic.player import Played, Player, Stage, Wanted
from hub.embedded import stack
from hub.embedded.process import find
from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders
from hub.errors import HubError, StartupError
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry
from hub.participants.own_users import is_let_in
from hub.participants.registry import Participant
from hub.postgres import database
from hub.settings import KafkaSettings, PostgresSettings
from tools.adapter_services import parts
from tools.local_passwords import passwords
from tools.local_site import Site

MEMBERS = (
    Participant("traffic-counter", ("counter",), (ONE_STOPS[COUNTER],), 2),
    Participant("traffic-agency", ("agency",), AGENCIES, 2),
)


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def address_of(home: Path) -> StackAddress:
    """Where the running hub is reached; `StartupError` when none of `make up` runs there."""
    site = Site(home)
    is_up = (
        Folders.of(home).state.exists()
        and all(one.state == "ready" for one in stack.status(home))
        and find(site.records().get("engine-1")) is not None
    )
    if not is_up:
        raise StartupError(f"no hub of `make up` runs in {home}: make up")
    return stack.up(home)


async def admitted(site: Site, address: StackAddress) -> dict[str, str]:
    """The passwords of the two participants, who join when they are not there yet."""
    admin = KafkaAdmin(
        KafkaSettings(
            bootstrap=address.kafka_hub_bootstrap,
            user=address.kafka_admin_user,
            password=SecretStr(address.kafka_admin_password),
        )
    )
    key = MasterKey.from_file(site.home / "master.key").store
    store = PostgresSettings(dsn=SecretStr(address.postgres_dsn))
    connection = await database.connect_at_start(store, "traffic")
    try:
        there = {one.name for one in await registry.registered(connection, key)}
        for member in MEMBERS:
            known = passwords(site).get(member.name)
            if member.name not in there:
                password = await registry.add(admin, connection, key, member)
            elif known is None or not await asyncio.to_thread(is_let_in, admin.settings, member.name, known):
                password = await registry.rotate(admin, connection, key, member.name)
            else:
                continue
            site.secret(f"{member.name}.password", password)
    finally:
        await connection.close()
    return passwords(site)


async def play(home: Path, wanted: Wanted) -> Played:
    """Until it is over or interrupted."""
    address, site, stop = address_of(home), Site(home), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    folder = site.folder / "traffic"
    folder.mkdir(exist_ok=True, mode=0o700)
    counter, agency = (member.name for member in MEMBERS)
    stand_ins = {declared.name: site.address(declared.name) for declared, _ in parts()}
    stage = Stage(address.kafka_bootstrap, counter, agency, await admitted(site, address), stand_ins, folder)
    say(f"{wanted.rate:g} requests a second, all people invented; Ctrl-C ends it")
    say(f"to look at: {site.address('page')}/")
    return await Player(stage, wanted, say, int.from_bytes(os.urandom(4))).play(stop)


def main() -> int:
    """0: all went as the law says; 1: something was answered otherwise; 2: no such hub, in one line."""
    parser = argparse.ArgumentParser(prog="tools.local_traffic", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=2.0)
    parser.add_argument("--for-s", type=float)
    parser.add_argument("--dossiers", type=int)
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    os.umask(0o077)
    try:
        played = asyncio.run(
            play(options.home.resolve(), Wanted(options.rate, options.for_s, options.dossiers))
        )
    except HubError as error:
        sys.stderr.write(f"hub: {error}\n")
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    say(played.line())
    return 1 if played.problems else 0


if __name__ == "__main__":
    sys.exit(main())
