"""Builds the province: stack, hub, participants, stand-ins of the outside systems, and their programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from examples.demo import settings_of
from examples.demo.people import Citizen
from examples.demo.procedures import AGENCIES, PROCEDURES
from examples.demo.programs import Program
from examples.demo.settings_of import OFFICER, PostalAddress
from hub import participants
from hub.delivery.database import install
from hub.embedded import stack
from hub.embedded.stack import StackAddress
from hub.kafka_admin import KafkaAdmin
from hub.participants import Participant
from hub.sealing import MasterKey
from hub.settings import KafkaSettings
from hub.store import database
from hub.store.database import Connection

Say = Callable[[str], None]

ONE_STOPS = {"counter-1": "000.11.01.H07", "counter-2": "000.11.02.H07"}
"""counter-1's orders go to the postal adapter, counter-2's to the operator's own system."""
CARELESS, CARELESS_ONE_STOP = "counter-new", "000.11.03.H07"
PARTITIONS = 2

MEMBERS = (
    Participant("counter-1", ("counter",), (ONE_STOPS["counter-1"],), PARTITIONS),
    Participant("counter-2", ("counter",), (ONE_STOPS["counter-2"],), PARTITIONS),
    Participant(CARELESS, ("counter",), (CARELESS_ONE_STOP,), PARTITIONS),
    Participant("agency", ("agency",), AGENCIES, PARTITIONS),
    Participant("population", ("population",), (), PARTITIONS),
    Participant("postal", ("postal",), (), PARTITIONS),
    Participant("postal-direct", ("postal",), (ONE_STOPS["counter-2"],), PARTITIONS),
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps its things, all below one home."""

    home: Path

    @property
    def run(self) -> Path:
        """Journals, logs and settings of this run; emptied at the start of the next."""
        return self.home / "run"

    @property
    def clock(self) -> Path:
        """Seconds to add to the machine's clock, for the participants."""
        return self.run / "clock"

    @property
    def record(self) -> Path:
        """The processes that `--keep` left, by pid and start time."""
        return self.home / "kept.json"

    def journal(self, name: str) -> Path:
        """The journal that a participant or a stand-in keeps."""
        return self.run / f"{name}.jsonl"


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub as it was set up: how its own processes and its participants connect."""

    address: StackAddress
    environment: Mapping[str, str]
    passwords: Mapping[str, str]
    database: Connection


@dataclass(frozen=True, slots=True)
class Province:
    """Everything that runs; `programs` by name, and the addresses of the stand-ins."""

    places: Places
    hub: Hub
    programs: Mapping[str, Program]
    population_url: str
    postal_url: str


async def start_stack(places: Places, say: Say) -> StackAddress:
    """A new, empty stack: what an earlier run left is wiped."""
    await asyncio.to_thread(stack.wipe, places.home / "stack")
    return await asyncio.to_thread(stack.up, places.home / "stack", say)


async def set_up_hub(places: Places, address: StackAddress) -> Hub:
    """Tables, topics, users, rights, master key."""
    connection = await asyncpg.connect(address.postgres_dsn)
    await database.migrate(connection)
    await install(connection)
    key_file = places.run / "master.key"
    MasterKey.create_file(key_file)
    admin = KafkaAdmin(
        KafkaSettings(
            bootstrap=address.kafka_bootstrap,
            user=address.kafka_admin_user,
            password=SecretStr(address.kafka_admin_password),
        )
    )
    password = await participants.set_up_hub(admin, "hub", PARTITIONS)
    passwords = {member.name: await participants.add(admin, connection, member) for member in MEMBERS}
    environment = settings_of.hub(address, key_file, password)
    return Hub(address, environment, passwords, connection)


async def open_province(
    places: Places, hub: Hub, people: Sequence[Citizen], programs: dict[str, Program]
) -> Province:
    """Start the stand-ins, the hub's processes and the operator; returns when all are ready.

    `programs` gets each program before it is started, so that it can be ended whatever happens here.
    """
    (places.run / "people.json").write_text(
        json.dumps({"synthetic": True, "people": [citizen.registered() for citizen in people]}), "utf-8"
    )
    (places.run / "rights.json").write_text(json.dumps(_rights()), "utf-8")
    programs.update({program.name: program for program in [*_stand_ins(places), *_engines(places, hub)]})
    await asyncio.gather(*[program.start() for program in programs.values()])
    population = await _port_of(programs["population-sandbox"], places)
    postal = await _port_of(programs["postal-sandbox"], places)
    adapters = _adapters(places, hub, population, postal)
    direct = settings_of.participant(hub.address, "postal-direct", hub.passwords, places.clock)
    direct |= {
        "POSTAL_JOURNAL": str(places.journal("postal-direct")),
        "POSTAL_STEPS": "registered,collected,handed_over",
    }
    operator = Program("postal-direct", ["examples.postal_operator.app"], direct, places.run)
    for program in (*adapters, operator):
        programs[program.name] = program
        await program.start()
    served = [*(program.name for program in adapters), "engine-1", "engine-2"]
    await asyncio.gather(*[programs[name].healthy_url() for name in served])
    return Province(places, hub, programs, population, postal)


def desk_programs(province: Province) -> list[Program]:
    """The counters and the agency, not started yet."""
    places, hub = province.places, province.hub
    found = []
    for name in ("counter-1", "counter-2", "agency"):
        environment = settings_of.participant(hub.address, name, hub.passwords, places.clock)
        journal = str(places.journal(name))
        if name == "agency":
            environment |= {
                "AGENCY_JOURNAL": journal,
                "AGENCY_OFFICER": "chuyen-vien-gia:Chuyên Viên Giả Định",
            }
            command = "examples.agency_system.app"
        else:
            environment |= {"COUNTER_JOURNAL": journal}
            command = "examples.counter.app"
        found.append(Program(name, [command], environment, places.run))
    return found


def _stand_ins(places: Places) -> list[Program]:
    def sandbox(name: str, module: str, *more: str) -> Program:
        files = ["--journal", str(places.journal(name)), "--port-file", str(places.run / f"{name}.port")]
        return Program(name, [module, *files, *more], {}, places.run)

    return [
        sandbox(
            "population-sandbox",
            "adapters.population_db.sandbox",
            "--people",
            str(places.run / "people.json"),
        ),
        sandbox("postal-sandbox", "adapters.postal.sandbox"),
    ]


def _engines(places: Places, hub: Hub) -> list[Program]:
    return [
        Program(
            name, ["hub.cli", "run", "engine"], {**hub.environment, "HUB_ENGINE__INSTANCE": name}, places.run
        )
        for name in ("engine-1", "engine-2")
    ]


def _adapters(places: Places, hub: Hub, population: str, postal: str) -> list[Program]:
    own = {
        "population": settings_of.population(population, places.run / "rights.json"),
        "postal": settings_of.postal(PostalAddress(postal)),
    }
    return [
        Program(
            f"adapter-{name}",
            ["hub.cli", "run", "adapter", name],
            {**settings_of.adapter(hub.environment, name, hub.passwords[name]), **settings},
            places.run,
        )
        for name, settings in own.items()
    ]


async def _port_of(program: Program, places: Places) -> str:
    port_file = places.run / f"{program.name}.port"
    port = await program.until(
        lambda: port_file.read_text() if port_file.exists() else None, 30, "open its port"
    )
    return f"http://127.0.0.1:{port}"


def _rights() -> dict[str, object]:
    """Which procedure may be checked, for which one-stop, by which officer."""
    return {
        "licences": {procedure.code: {"operation": "verify"} for procedure in PROCEDURES},
        "agencies": {code: code for code in ONE_STOPS.values()},
        "officers": {OFFICER["account"]: {"number": "cb.gia.01", "organisations": list(ONE_STOPS.values())}},
    }
