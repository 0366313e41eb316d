"""Joining and leaving, as the broker enforces it: who writes and reads which topic."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import Consumer, KafkaError, Message, Producer

from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from hub.kafka import quotas as kafka_quotas
from hub.participants import registry as participants
from hub.participants.registry import Participant
from tests.support.hub_commands import SURE, module_output
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP
from tests.support.stack import aiokafka_settings

_LIMIT_S = 10.0
DENIED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
LOCKED_OUT = DENIED | {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path_factory.mktemp("participants")) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class User:
    """What a participant may do, tried with librdkafka: None, or the broker's error; blocks."""

    hub: Hub
    name: str
    password: str

    def settings(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.hub.address.kafka_bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.hub.prefix + self.name,
            "sasl.password": self.password,
            "log_level": 0,
        }

    def write(self, topic: str) -> int | None:
        errors: list[int] = []
        producer = Producer(
            self.settings() | {"message.timeout.ms": int(_LIMIT_S * 1000), "error_cb": _noted(errors)}
        )

        def delivered(error: KafkaError | None, _: Message) -> None:
            errors[:0] = [error.code()] if error is not None else []

        producer.produce(self.hub.prefix + topic, b"{}", key=b"k", on_delivery=delivered)
        waiting = 1.0
        while waiting and not set(errors) & LOCKED_OUT:
            waiting = producer.flush(0.2)
        producer.purge()
        producer.flush(1)
        return next((code for code in errors if code in LOCKED_OUT), errors[0] if errors else None)

    def read(self, topic: str, group: str) -> int | None:
        """None as soon as a record or the end of a partition came."""
        errors: list[int] = []
        changes = {"group.id": self.hub.prefix + group, "enable.partition.eof": True}
        consumer = Consumer(
            self.settings() | changes | {"auto.offset.reset": "earliest", "error_cb": _noted(errors)}
        )
        consumer.subscribe([self.hub.prefix + topic])
        try:
            for _ in range(int(_LIMIT_S * 10)):
                message = consumer.poll(0.1)
                error = message.error() if message is not None else None
                if message is not None and (error is None or error.code() == KafkaError._PARTITION_EOF):
                    return None
                if error is not None:
                    return error.code()
                if locked := set(errors) & LOCKED_OUT:
                    return locked.pop()
        finally:
            consumer.close()
        raise AssertionError(f"neither read nor refused: {errors}")

    def can_see(self, topic: str) -> bool:
        producer = Producer(self.settings())
        found = producer.list_topics(self.hub.prefix + topic, timeout=_LIMIT_S).topics
        return found[self.hub.prefix + topic].error is None


def _noted(errors: list[int]) -> Callable[[KafkaError], None]:
    return lambda error: errors.append(error.code())


async def user(hub: Hub, name: str) -> User:
    return User(hub, name, await hub.register(name, ["counter"], [ONE_STOP]))


async def test_a_participant_writes_only_its_own_in_topic(hub: Hub) -> None:
    mine, other = await user(hub, "writer"), await user(hub, "bystander")
    assert await asyncio.to_thread(mine.write, "in.writer") is None
    denied = ["in.bystander", "in.hub", "out.writer", "out.bystander", "dossier.facts", "directory"]
    for topic in [*denied, "hub.heartbeat"]:
        assert await asyncio.to_thread(mine.write, topic) in DENIED, topic
    assert await asyncio.to_thread(other.write, "in.bystander") is None


async def test_a_participant_reads_only_its_own_out_topic_in_its_own_groups(hub: Hub) -> None:
    mine, _ = await user(hub, "reader"), await user(hub, "neighbour")
    assert await asyncio.to_thread(mine.read, "out.reader", "reader") is None
    assert await asyncio.to_thread(mine.read, "out.reader", "reader.archive") is None
    for topic in ["in.reader", "in.neighbour", "out.neighbour", "dossier.facts", "in.hub"]:
        assert await asyncio.to_thread(mine.read, topic, "reader") in DENIED, topic
    for group in ["neighbour", "neighbour.archive", "hub-engine", "reader2", "readers"]:
        assert await asyncio.to_thread(mine.read, "out.reader", group) in DENIED, group


async def test_a_participant_does_not_see_the_topics_of_others(hub: Hub) -> None:
    mine, _ = await user(hub, "viewer"), await user(hub, "hidden")
    assert await asyncio.to_thread(mine.can_see, "out.viewer")
    for topic in ["in.hidden", "out.hidden", "dossier.facts", "in.hub"]:
        assert not await asyncio.to_thread(mine.can_see, topic), topic


async def test_a_name_that_begins_like_another_gives_no_rights_on_it(hub: Hub) -> None:
    short, _ = await user(hub, "so"), await user(hub, "so-ldtbxh")
    assert await asyncio.to_thread(short.write, "in.so-ldtbxh") in DENIED
    assert await asyncio.to_thread(short.read, "out.so-ldtbxh", "so") in DENIED
    assert await asyncio.to_thread(short.read, "out.so", "so-ldtbxh") in DENIED


async def test_after_a_rotation_only_the_new_password_works(hub: Hub) -> None:
    old = await user(hub, "rotating")
    new = User(hub, "rotating", await participants.rotate(hub.admin, hub.database, hub.store_key, "rotating"))
    assert new.password != old.password
    assert await asyncio.to_thread(new.write, "in.rotating") is None
    assert await asyncio.to_thread(old.write, "in.rotating") in LOCKED_OUT - DENIED


async def test_a_removed_participant_is_locked_out_even_where_it_is_still_connected(hub: Hub) -> None:
    gone = await user(hub, "leaving")
    settings = aiokafka_settings(hub.address, f"{hub.prefix}leaving", gone.password)
    async with AIOKafkaProducer(**settings) as producer:
        await producer.send_and_wait(f"{hub.prefix}in.leaving", b"{}")
        await participants.remove(hub.admin, hub.database, hub.store_key, "leaving")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(f"{hub.prefix}in.leaving", b"{}")
    assert "leaving" not in [p.name for p in await participants.registered(hub.database, hub.store_key)]
    assert await asyncio.to_thread(gone.write, "in.leaving") in LOCKED_OUT
    assert await kafka_quotas.read_quota(hub.admin.settings, f"{hub.prefix}leaving") == {}


async def test_a_removed_participant_may_join_again_with_a_new_password(hub: Hub) -> None:
    first = await user(hub, "returning")
    await participants.remove(hub.admin, hub.database, hub.store_key, "returning")
    again = await user(hub, "returning")
    assert await asyncio.to_thread(again.write, "in.returning") is None
    assert await asyncio.to_thread(first.write, "in.returning") in LOCKED_OUT


async def test_the_quota_stands_on_the_broker(hub: Hub) -> None:
    limited = Participant("limited", ("counter",), (ONE_STOP,), 1, quota_bytes_per_s=123_456)
    await participants.add(hub.admin, hub.database, hub.store_key, limited)
    stored = await kafka_quotas.read_quota(hub.admin.settings, f"{hub.prefix}limited")
    assert stored == {"producer_byte_rate": 123_456, "consumer_byte_rate": 123_456}
    await kafka_quotas.set_quota(hub.admin.settings, f"{hub.prefix}limited", None)
    assert await kafka_quotas.read_quota(hub.admin.settings, f"{hub.prefix}limited") == {}


async def test_a_failure_on_the_broker_leaves_nothing_registered_and_joining_can_be_repeated(
    hub: Hub,
) -> None:
    powerless = type(hub.admin)(
        hub.admin.settings.model_copy(
            update={"user": hub.user, "password": type(hub.admin.settings.password)(hub.password)}
        )
    )
    newcomer = Participant("newcomer", ("counter",), (ONE_STOP,), 1)
    with pytest.raises(StartupError, match="the broker refused"):
        await participants.add(powerless, hub.database, hub.store_key, newcomer)
    assert "newcomer" not in [p.name for p in await participants.registered(hub.database, hub.store_key)]
    password = await participants.add(hub.admin, hub.database, hub.store_key, newcomer)
    assert await asyncio.to_thread(User(hub, "newcomer", password).write, "in.newcomer") is None


@pytest.mark.parametrize(
    "name",
    ["", "a", "A-counter", "counter a", "counter.a", "1counter", "cà-phê", "x" * 42, "hub", "a/b", "a\n"],
)
async def test_a_name_that_is_not_allowed_is_refused_in_one_line(hub: Hub, name: str) -> None:
    with pytest.raises(StartupError) as refused:
        await participants.add(
            hub.admin, hub.database, hub.store_key, Participant(name, ("counter",), (ONE_STOP,), 1)
        )
    assert "\n" not in str(refused.value)
    assert "participant name" in str(refused.value)


@pytest.mark.parametrize("roles", [(), ("hub",), ("counter", "boss"), ("",)])
async def test_a_role_that_is_not_allowed_is_refused(hub: Hub, roles: tuple[str, ...]) -> None:
    with pytest.raises(StartupError, match="one or more of counter, agency"):
        await participants.add(
            hub.admin, hub.database, hub.store_key, Participant("no-role", roles, (ONE_STOP,), 1)
        )


# The same through the command line


async def command(hub: Hub, *words: str, **changes: str) -> tuple[int, str, str]:
    """Run `hub participants ...` as the administrator; returns exit status, output and errors."""
    administrator = {
        "HUB_KAFKA__USER": hub.address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": hub.address.kafka_admin_password,
    }
    environment = hub.environment | administrator | {"COLUMNS": "200"} | changes
    status, output, errors = await module_output("hub.cli.main", environment, "participants", *words)
    return status, output.decode(), errors.decode()


async def one_line_error(hub: Hub, *words: str, **changes: str) -> str:
    status, _, errors = await command(hub, *words, **changes)
    assert status == 2
    assert len(errors.splitlines()) == 1, errors
    return errors


async def test_the_command_line_adds_shows_rotates_and_removes(hub: Hub) -> None:
    status, output, errors = await command(
        hub, "add", "typed", "--role", "counter", "--role", "agency", "--organisation", ONE_STOP,
        "--partitions", "2", "--quota-bytes-per-s", "2000000",
    )  # fmt: skip
    assert (status, errors) == (0, "")
    added = User(hub, "typed", password_in(output))
    assert await asyncio.to_thread(added.write, "in.typed") is None
    quota = await kafka_quotas.read_quota(hub.admin.settings, f"{hub.prefix}typed")
    assert quota["producer_byte_rate"] == quota["consumer_byte_rate"] == 2_000_000

    assert "exists already; hub participants rotate typed draws" in await one_line_error(
        hub, "add", "typed", "--role", "counter", "--organisation", ONE_STOP
    )
    assert await asyncio.to_thread(added.write, "in.typed") is None, "adding twice changes nothing"

    status, output, _ = await command(hub, "list")
    assert status == 0
    line = next(line for line in output.splitlines() if "typed" in line)
    assert "counter, agency" in line
    assert ONE_STOP in line

    status, output, _ = await command(hub, "rotate", "typed")
    assert status == 0
    rotated = User(hub, "typed", password_in(output))
    assert await asyncio.to_thread(rotated.write, "in.typed") is None
    assert await asyncio.to_thread(added.write, "in.typed") in LOCKED_OUT

    assert (await command(hub, "remove", "typed", *SURE))[0] == 0
    assert await asyncio.to_thread(rotated.write, "in.typed") in LOCKED_OUT


def password_in(output: str) -> str:
    found = set(re.findall(r"password=[\"']?([A-Za-z0-9_-]{20,})", output))
    assert len(found) == 1, output
    return str(found.pop())


async def test_the_command_line_refuses_in_one_line(hub: Hub) -> None:
    assert "participant name" in await one_line_error(hub, "add", "Not Allowed", "--role", "counter")
    assert "roles boss" in await one_line_error(hub, "add", "allowed", "--role", "boss")
    assert "no participant nobody" in await one_line_error(hub, "rotate", "nobody")
    assert "no participant nobody" in await one_line_error(hub, "remove", "nobody", *SURE)
    ours = {"HUB_KAFKA__USER": hub.user, "HUB_KAFKA__PASSWORD": hub.password}
    assert "the broker refused" in await one_line_error(
        hub, "add", "allowed", "--role", "counter", "--organisation", ONE_STOP, **ours
    )


async def test_a_name_that_was_removed_goes_to_no_other_organisation(hub: Hub) -> None:
    await user(hub, "moving")
    await participants.remove(hub.admin, hub.database, hub.store_key, "moving")
    for other in (
        Participant("moving", ("counter",), ("000.99.99.H07",), 1),
        Participant("moving", ("portal",), (), 1),
    ):
        with pytest.raises(StartupError, match=f"that of {ONE_STOP}"):
            await participants.add(hub.admin, hub.database, hub.store_key, other)
    again = await user(hub, "moving")
    assert await asyncio.to_thread(again.write, "in.moving") is None
    await participants.remove(hub.admin, hub.database, hub.store_key, "moving")


async def test_a_second_participant_for_the_same_orders_is_refused(hub: Hub) -> None:
    await hub.register("postal-one", ["postal"])
    with pytest.raises(StartupError, match="go to postal-one"):
        await hub.register("postal-two", ["postal"])
    await hub.register("postal-bound", ["postal"], [ONE_STOP])


async def test_the_user_of_somebody_else_on_the_broker_gets_no_new_password(hub: Hub) -> None:
    ops = f"{hub.prefix}ops"
    password = await participants.set_up_hub(hub.admin, ops, 1)
    with pytest.raises(StartupError, match="somebody else is user"):
        await hub.register("ops", ["counter"], [ONE_STOP])
    assert await asyncio.to_thread(User(hub, "ops", password).can_see, "in.hub")


async def test_a_name_that_is_the_prefix_of_another_hub_is_refused(hub: Hub) -> None:
    await asyncio.to_thread(hub.admin.create_topic, f"{hub.prefix}branch.in.hub", 1, {})
    with pytest.raises(StartupError, match="another hub on this broker"):
        await hub.register("branch", ["counter"], [ONE_STOP])


async def test_the_command_line_refuses_organisations_that_are_none(hub: Hub) -> None:
    add = ("add", "fresh", "--role", "counter")
    assert "'nonsense'" in await one_line_error(hub, *add, "--organisation", "nonsense")
    assert "speaks for one or more" in await one_line_error(hub, *add)
