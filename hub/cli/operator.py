"""What operators do to the stream: accept gaps, redrive parked dossiers, replay a participant's topic."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hub.cli.asking import By, IsSure, Why, order
from hub.cli.shared import fail, with_store
from hub.documents.reason import DocumentsAwayError, DocumentsSettingError
from hub.documents.store import documents
from hub.engine.intake import positions
from hub.engine.redriving import order_redrive
from hub.errors import StartupError, UntrustedRowError
from hub.facts.expiring_keys import load_terms
from hub.facts.message import Message
from hub.facts.sealing import MasterKey, store_key_of
from hub.identifiers import shard_of_key
from hub.kafka import client as kafka
from hub.kafka.admin import KafkaAdmin
from hub.kafka.log_inspector import LogObserver
from hub.outbox import replay
from hub.oversight.names import one_dossier
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.privacy.erasing import Erased, NotErased
from hub.privacy.erasing import erase as erase_dossier
from hub.privacy.kept_documents import remove_erased
from hub.settings import Settings

offsets_app = typer.Typer(no_args_is_help=True, help="Partitions, their stored offsets, and gaps.")
PARKED = """
select p.dossier_id::text as dossier, count(*) as requests, min(p.parked_at) as since,
       min(p.reason) as reason, min(p.participant) as participant
from parked_request p group by p.dossier_id order by since
"""
_IS_PARTICIPANT = "select exists (select from participant where name = $1)"


@offsets_app.command("list")
def list_offsets(as_json: AsJson = False) -> None:
    """Show every partition: stored next offset, and why it is stopped."""

    async def work(_: Settings, connection: Connection) -> list[dict[str, object]]:
        stored = await positions.stored_positions(connection)
        return [
            {"topic": one.position[0], "partition": one.position[1], "next": one.next, "stopped": one.stopped}
            for one in stored
        ]

    columns = ("topic", "partition", "next", "stopped")
    print_rows(with_store("operator", work), columns, as_json=as_json, none="no engine has read a topic yet")


@offsets_app.command()
def accept(topic: str, partition: int, reason: Why = "", operator: By = "", is_sure: IsSure = False) -> None:
    """Accept the gap of a stopped partition and go on behind it; what was lost stays lost."""
    place = f"{topic}-{partition}"
    by = order(
        f"Go on behind the gap of {place}? What it lost stays lost.", operator, reason, is_sure=is_sure
    )

    async def work(settings: Settings, connection: Connection) -> str | None:
        consumer = kafka.consumer(settings.kafka, "operator", group=None)
        try:
            await consumer.start()
            observer = LogObserver(
                consumer, KafkaAdmin(settings.kafka), settings.kafka.prefix, lambda: consumer
            )
            ends = await observer.ends([(topic, partition)])
        finally:
            await consumer.stop()
        if (topic, partition) not in ends:
            return None
        key = MasterKey.from_file(settings.master_key_file).store
        async with connection.transaction():
            gap = await positions.accept_gap(connection, (topic, partition), ends[(topic, partition)], key)
            if gap is not None:
                await record_action(
                    connection, by.operator, "offsets.accepted", place, f"{by.reason} ({gap})"
                )
        return gap

    gap = with_store("operator", work)
    if gap is None:
        fail(f"{place} is not stopped, or there is no such partition: hub offsets list")
    say(f"accepted: {gap}")


def redrive(
    dossier: Annotated[
        str | None, typer.Argument(help="id or official code; without it the parked ones are listed")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="all parked dossiers, the oldest first")] = False,
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
    as_json: AsJson = False,
) -> None:
    """List parked dossiers, or let an engine decide the requests of one, or of all, again, in order."""
    if dossier is None and not every:
        columns = ("dossier", "requests", "since", "reason")
        rows = with_store("operator", _parked)
        print_rows(rows, columns, as_json=as_json, none="nothing is parked", more=("participant",))
        return
    if dossier is not None and every:
        fail("--all, or one dossier", 2)
    what = dossier or "all parked dossiers"
    # One dossier may be redriven at any time: what fails again stays as it is.
    by = order(f"Decide the requests of {what} again?", operator, reason, is_sure=is_sure or not every)

    async def work(settings: Settings, connection: Connection) -> list[str]:
        if dossier is not None:
            wanted = await one_dossier(connection, store_key_of(settings), dossier)
        ids = (
            [wanted]
            if dossier is not None
            else [row["dossier"] for row in await _parked(settings, connection)]
        )
        async with connection.transaction():
            ordered = [one for one in ids if await order_redrive(connection, one, by.operator, by.reason)]
            for one in ordered:
                await record_action(connection, by.operator, "dossier.redriven", one, by.reason)
        return ordered

    ordered = with_store("operator", work)
    if not ordered:
        fail(f"nothing of {dossier} is parked: hub redrive" if dossier else "nothing is parked")
    named = ordered[0] if len(ordered) == 1 else f"{len(ordered)} dossiers"
    say(f"ordered: an engine takes up {named} within a second; hub dossier show says how it ended")


async def _parked(_: Settings, connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(PARKED)]


def erase(
    dossier: Annotated[str, typer.Argument(help="id or official code")],
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
) -> None:
    """Destroy the key of a dossier: its personal data can never be read again, by nobody."""
    by = order(f"Erase the personal data of {dossier} for good?", operator, reason, is_sure=is_sure)

    async def work(settings: Settings, connection: Connection) -> tuple[Erased | NotErased, int | None]:
        key = MasterKey.from_file(settings.master_key_file).store
        done = await erase_dossier(connection, settings, key, dossier, by.operator, by.reason)
        if isinstance(done, NotErased):
            return done, None
        try:
            store = documents(settings.documents)
            return done, await remove_erased(connection, store, key, done.dossier_id)
        except (DocumentsAwayError, DocumentsSettingError) as error:
            say(f"hub: its documents are still there, the next sweep deletes them: {error}", err=True)
            return done, None

    done, removed = with_store("operator", work)
    if isinstance(done, NotErased):
        fail(done.why)
    say(
        f"erased {done.dossier_id}: {done.facts} facts stay sealed, {done.refused} parked requests refused,"
        f" {done.letters} dead letters dropped, {done.messages} waiting messages emptied,"
        f" {done.deliveries.unsent} deliveries not sent, {done.deliveries.emptied} emptied,"
        f" {done.deliveries.open} still under way"
    )
    if done.unread_letters:
        say(f"hub: {done.unread_letters} dead letters cannot be read, and stay as they are", err=True)
    if removed is None:
        raise typer.Exit(1)
    say(f"{removed} documents deleted")


def replay_topic(
    participant: str,
    since: Annotated[datetime | None, typer.Option(help="legal time of the first fact; default: all")] = None,
    receipts: Annotated[bool, typer.Option(help="send the receipts again as well")] = False,
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
) -> None:
    """Publish again what a participant got, with the same ids: receivers drop what they have seen."""
    when = f"from {since:%Y-%m-%d %H:%M} on" if since is not None else "since the beginning"
    by = order(f"Send {participant} again what it got {when}?", operator, reason, is_sure=is_sure)
    start = (since or datetime(2000, 1, 1)).replace(tzinfo=UTC)  # noqa: DTZ001  made aware here

    async def work(settings: Settings, connection: Connection) -> tuple[int, int]:
        if not await connection.fetchval(_IS_PARTICIPANT, participant):
            raise StartupError(f"no participant {participant}: hub participants list")
        master = MasterKey.from_file(settings.master_key_file)
        now = (await read_clock(connection, settings.environment)).of(datetime.now(UTC))
        await load_terms(connection, master, now.date())
        producer = kafka.producer(settings.kafka, "replay")
        sent = left_out = 0
        found = [replay.fact_messages(connection, master, participant, start, now)]
        if receipts:
            found.append(replay.receipt_messages(connection, master, participant))
        try:
            await producer.start()
            for messages in found:
                async for message in messages:
                    if isinstance(message, UntrustedRowError):
                        left_out += 1
                        say(f"hub: left out: {message}", err=True)
                        continue
                    await _publish(producer, settings, message)
                    sent += 1
        finally:
            await producer.stop()
        told = f"{by.reason} ({sent} messages)"
        await record_action(connection, by.operator, "participant.replayed", participant, told)
        if not left_out:
            await connection.execute("delete from delivery_gap where adapter = $1", participant)
        return sent, left_out

    sent, left_out = with_store("operator", work)
    say(f"{sent} messages sent again to out.{participant}")
    if left_out:
        raise typer.Exit(1)


async def _publish(producer: kafka.AIOKafkaProducer, settings: Settings, message: Message) -> None:
    """To the partition that the relay uses, so that the order of a dossier is one order."""
    topic = settings.kafka.prefix + message.topic
    partitions = sorted(await producer.partitions_for(topic))
    partition = partitions[shard_of_key(message.key, settings.shards) % len(partitions)]
    headers = list(message.headers)
    await producer.send_and_wait(
        topic, message.value, key=message.key.encode(), partition=partition, headers=headers
    )
