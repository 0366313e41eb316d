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
from examples.demo.days_off import write_regulation
from examples.demo.members import MEMBERS, ONE_STOPS, OVER_HTTPS, PARTITIONS, SCANNING
from examples.demo.operators import command
from examples.demo.people import Citizen
from examples.demo.procedures import PROCEDURES
from examples.demo.programs import Program
from examples.demo.settings_of import OFFICER, PostalAddress
from examples.demo.signing_desk import make_keys
from examples.demo.week import FIRST
from hub.embedded import stack
from hub.embedded.process import free_port
from hub.embedded.stack import StackAddress
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY
from hub.postgres import database
from hub.postgres.database import Connection
from hub.settings import KafkaSettings
from hub.signing.sandbox import Sandbox

ORGANISATIONS = Path(__file__).with_name("organisations.csv")
MESSAGES = "messages-sandbox"
"""The stand-in of mail server and provider of messages: what people of the week got lies in its folder."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps its things, all below one home."""

    home: Path

    @property
    def run(self) -> Path:
        """Journals, logs and settings of this run; emptied at the start of the next."""
        return self.home / "run"

    @property
    def master_key(self) -> Path:
        """The key that opens what is sealed."""
        return self.run / "master.key"

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
    """By participant: its password, or its token; `hub.gateway` has the gateway's own password."""
    tokens: Mapping[str, str]
    """By participant: with what it uploads documents."""
    database: Connection
    keys: Sandbox


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the stand-ins, the gateway and the portal's door listen, also after a kill."""

    population: int
    postal: int
    portal: int
    door: int
    gateway: int
    messages: int
    mail: int

    @classmethod
    def take(cls) -> Ports:
        """Seven free ones."""
        taken: set[int] = set()
        for _ in range(7):
            taken.add(free_port(taken))
        return cls(*taken)

    @staticmethod
    def url(port: int) -> str:
        """What listens there."""
        return f"http://127.0.0.1:{port}"


@dataclass(frozen=True, slots=True)
class Province:
    """Everything that runs; `programs` by name, and where they listen."""

    places: Places
    hub: Hub
    programs: Mapping[str, Program]
    ports: Ports


async def start_stack(places: Places, say: Say) -> StackAddress:
    """A new, empty stack: what an earlier run left is wiped."""
    await asyncio.to_thread(stack.wipe, places.home / "stack")
    return await asyncio.to_thread(stack.up, places.home / "stack", say)


async def set_up_hub(places: Places, address: StackAddress) -> Hub:
    """Tables, topics, users, rights, master key."""
    connection = await asyncpg.connect(address.postgres_dsn)
    await database.migrate(connection)
    key_file = places.master_key
    store_key = MasterKey.create_file(key_file).store
    admin = KafkaAdmin(
        KafkaSettings(
            bootstrap=address.kafka_hub_bootstrap,
            user=address.kafka_admin_user,
            password=SecretStr(address.kafka_admin_password),
        )
    )
    password = await participants.set_up_hub(admin, "hub", PARTITIONS)
    passwords = {
        member.name: await participants.add(admin, connection, store_key, member) for member in MEMBERS
    }
    tokens = {name: await participants.let_in_for_documents(connection, store_key, name) for name in SCANNING}
    tokens[OVER_HTTPS] = passwords[OVER_HTTPS]
    passwords[GATEWAY] = await participants.set_up_gateway(admin, connection, store_key)
    keys = await asyncio.to_thread(make_keys, places.run / "pki", FIRST, ONE_STOPS)
    await asyncio.to_thread(write_regulation, places.run / "regulation")
    environment = settings_of.hub(address, key_file, password) | settings_of.documents(places.run)
    environment |= settings_of.regulation(places.run)
    await _import_organisations(environment)
    return Hub(address, environment, passwords, tokens, connection, keys)


async def _import_organisations(environment: Mapping[str, str]) -> None:
    """As an operator does, with `hub organisations import`: from then on forms show names."""
    told = ("--operator", "demo", "--reason", "the offices of the demo", "--yes")
    await command(environment, "organisations", "import", str(ORGANISATIONS), *told)


async def open_province(
    places: Places, hub: Hub, people: Sequence[Citizen], programs: dict[str, Program]
) -> Province:
    """Start the stand-ins, the hub's processes and the operator; returns when all are ready.

    `programs` gets each program before it is started, so that it can be ended whatever happens here.
    """
    ports = Ports.take()
    (places.run / "people.json").write_text(
        json.dumps({"synthetic": True, "people": [citizen.registered() for citizen in people]}), "utf-8"
    )
    (places.run / "rights.json").write_text(json.dumps(_rights()), "utf-8")
    started = [
        *_stand_ins(places, ports),
        *_engines(places, hub),
        _gateway(places, hub, ports.gateway),
        *_adapters(places, hub, ports),
        _operator(places, hub),
    ]
    programs.update({program.name: program for program in started})
    await asyncio.gather(*[program.start() for program in started])
    await asyncio.gather(*[_listens(program, places) for program in started if "sandbox" in program.name])
    served = [program for program in started if program.command[2] == "hub.cli.main"]
    await asyncio.gather(*[program.healthy_url() for program in served])
    return Province(places, hub, programs, ports)


def desk_programs(province: Province) -> list[Program]:
    """The counters and the agencies, not started yet."""
    places, hub = province.places, province.hub
    found = []
    for name in ("counter-1", "counter-2", "agency"):
        environment = settings_of.participant(hub.address, name, hub.passwords, places.clock)
        if name == "agency":
            environment |= _case_system(places, name)
            command = "examples.agency_system.app"
        else:
            environment |= {"COUNTER_JOURNAL": str(places.journal(name))}
            command = "examples.counter.app"
        found.append(Program(name, [command], environment, places.run))
    visitor = settings_of.visitor(Ports.url(province.ports.gateway), OVER_HTTPS, hub.passwords, places.clock)
    visitor |= _case_system(places, OVER_HTTPS)
    return [*found, Program(OVER_HTTPS, ["examples.agency_over_https.app"], visitor, places.run)]


def _case_system(places: Places, name: str) -> dict[str, str]:
    return {
        "AGENCY_JOURNAL": str(places.journal(name)),
        "AGENCY_OFFICER": "chuyen-vien-gia:Chuyên Viên Giả Định",
    }


def _stand_ins(places: Places, ports: Ports) -> list[Program]:
    def sandbox(name: str, module: str, port: int, *more: str) -> Program:
        files = ["--journal", str(places.journal(name)), "--port-file", str(places.run / f"{name}.port")]
        return Program(name, [module, "--port", str(port), *files, *more], {}, places.run)

    people = str(places.run / "people.json")
    door = f"{Ports.url(ports.door)}/XrdAdapter/RestService/forward"
    return [
        sandbox("population-sandbox", "adapters.population_db.sandbox", ports.population, "--people", people),
        sandbox("postal-sandbox", "adapters.postal.sandbox", ports.postal),
        sandbox("portal-sandbox", "adapters.national_portal.sandbox", ports.portal, "--door", door),
        sandbox(MESSAGES, "adapters.notices.sandbox", ports.messages, "--mail-port", str(ports.mail)),
    ]


def _operator(places: Places, hub: Hub) -> Program:
    environment = settings_of.participant(hub.address, "postal-direct", hub.passwords, places.clock)
    environment |= {
        "POSTAL_JOURNAL": str(places.journal("postal-direct")),
        "POSTAL_STEPS": "registered,collected,handed_over",
    }
    return Program("postal-direct", ["examples.postal_operator.app"], environment, places.run)


def _engines(places: Places, hub: Hub) -> list[Program]:
    return [
        Program(
            name,
            ["hub.cli.main", "run", "engine"],
            {**hub.environment, "HUB_ENGINE__INSTANCE": name},
            places.run,
        )
        for name in ("engine-1", "engine-2")
    ]


def _gateway(places: Places, hub: Hub, port: int) -> Program:
    environment = settings_of.gateway(hub.environment, hub.passwords[GATEWAY], port)
    return Program("gateway", ["hub.cli.main", "run", "gateway"], environment, places.run)


def _adapters(places: Places, hub: Hub, ports: Ports) -> list[Program]:
    outside = {
        "population": settings_of.population(Ports.url(ports.population), places.run / "rights.json"),
        "postal": settings_of.postal(PostalAddress(Ports.url(ports.postal))),
        "portal": settings_of.portal(Ports.url(ports.portal), ports.door),
        "notices": settings_of.notices(Ports.url(ports.messages), ports.mail),
        "typesetter": settings_of.typesetter(),
    }
    return [
        Program(
            f"adapter-{name}",
            ["hub.cli.main", "run", "adapter", name],
            {**settings_of.adapter(hub.environment, name, hub.passwords[name]), **settings},
            places.run,
        )
        for name, settings in outside.items()
    ]


async def _listens(program: Program, places: Places) -> None:
    port_file = places.run / f"{program.name}.port"
    await program.until(lambda: port_file.exists() or None, 30, "open its port")


def _rights() -> dict[str, object]:
    """Which procedure may be checked, for which one-stop, by which officer."""
    return {
        "licences": {procedure.code: {"operation": "verify"} for procedure in PROCEDURES},
        "agencies": {code: code for code in ONE_STOPS.values()},
        "officers": {OFFICER["account"]: {"number": "cb.gia.01", "organisations": list(ONE_STOPS.values())}},
    }
