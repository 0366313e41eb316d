"""What operators do to the stream: accept gaps, redrive parked dossiers, replay a participant's topic."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub.cli.shared import operator_name, with_store
from hub.documents.reason import DocumentsAwayError, DocumentsSettingError
from hub.documents.store import documents
from hub.engine.intake import positions
from hub.engine.redriving import order_redrive
from hub.errors import UntrustedRowError
from hub.facts.expiring_keys import load_terms
from hub.facts.message import Message
from hub.facts.sealing import MasterKey
from hub.identifiers import shard_of_key
from hub.kafka import client as kafka
from hub.kafka.admin import KafkaAdmin
from hub.kafka.log_inspector import LogObserver
from hub.outbox import replay
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.privacy.erasing import Erased, NotErased
from hub.privacy.erasing import erase as erase_dossier
from hub.privacy.kept_documents import remove_erased
from hub.settings import Settings

offsets_app = typer.Typer(no_args_is_help=True, help="Partitions, their stored offsets, and gaps.")
_PARKED = """
select d.id::text as dossier, d.parked, min(p.parked_at) as since, min(p.reason) as reason
from dossier d join parked_request p on p.dossier_id = d.id
where d.parked > 0 group by d.id, d.parked order by since
"""


@offsets_app.command("list")
def list_offsets() -> None:
    """Show every partition: stored next offset, and why it is stopped."""

    async def work(_: Settings, connection: Connection) -> None:
        table = Table("topic", "partition", "next", "stopped")
        for stored in await positions.stored_positions(connection):
            topic, number = stored.position
            table.add_row(topic, str(number), str(stored.next), stored.stopped or "")
        Console().print(table)

    with_store("operator", work)


@offsets_app.command()
def accept(topic: str, partition: int) -> None:
    """Accept the gap of a stopped partition and go on behind it; what was lost stays lost."""

    async def work(settings: Settings, connection: Connection) -> str | None:
        consumer = kafka.consumer(settings.kafka, "operator", group=None)
        await consumer.start()
        try:
            observer = LogObserver(
                consumer, KafkaAdmin(settings.kafka), settings.kafka.prefix, lambda: consumer
            )
            ends = await observer.ends([(topic, partition)])
        finally:
            await consumer.stop()
        if (topic, partition) not in ends:
            return None
        key = MasterKey.from_file(settings.master_key_file).store
        return await positions.accept_gap(connection, (topic, partition), ends[(topic, partition)], key)

    reason = with_store("operator", work)
    if reason is None:
        typer.echo(f"hub: {topic}-{partition} is not stopped, or there is no such partition", err=True)
        raise typer.Exit(1)
    typer.echo(f"accepted: {reason}")


def redrive(
    dossier: Annotated[
        str | None, typer.Argument(help="dossier id; without it the parked ones are listed")
    ] = None,
    reason: Annotated[str, typer.Option(help="why it should work now")] = "",
) -> None:
    """List parked dossiers, or let an engine decide the requests of one again, in order."""
    if dossier is None:
        with_store("operator", _list_parked)
        return
    if not reason:
        typer.echo("hub: --reason is needed", err=True)
        raise typer.Exit(2)
    wanted = dossier
    done = with_store(
        "operator", lambda _, connection: order_redrive(connection, wanted, operator_name(), reason)
    )
    if not done:
        typer.echo(f"hub: nothing of {dossier} is parked", err=True)
        raise typer.Exit(1)
    typer.echo(f"ordered: an engine takes up {dossier} within a second; its log says how it ended")


async def _list_parked(_: Settings, connection: Connection) -> None:
    table = Table("dossier", "requests", "since", "reason")
    for row in await connection.fetch(_PARKED):
        since = row["since"].isoformat(timespec="seconds")
        table.add_row(row["dossier"], str(row["parked"]), since, row["reason"])
    Console().print(table)


def erase(
    dossier: Annotated[str, typer.Argument(help="id or official code")],
    reason: Annotated[str, typer.Option(help="why, without personal data; it is kept for ever")],
    operator: Annotated[str, typer.Option(help="who decides")],
    is_sure: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Destroy the key of a dossier: its personal data can never be read again, by nobody."""
    if not is_sure:
        typer.confirm(f"Erase the personal data of {dossier} for good?", abort=True)

    async def work(settings: Settings, connection: Connection) -> tuple[Erased | NotErased, int | None]:
        key = MasterKey.from_file(settings.master_key_file).store
        done = await erase_dossier(connection, settings, key, dossier, operator, reason)
        if isinstance(done, NotErased):
            return done, None
        try:
            store = documents(settings.documents)
            return done, await remove_erased(connection, store, key, done.dossier_id)
        except (DocumentsAwayError, DocumentsSettingError) as error:
            typer.echo(f"hub: its documents are still there, the next sweep deletes them: {error}", err=True)
            return done, None

    done, removed = with_store("operator", work)
    if isinstance(done, NotErased):
        typer.echo(f"hub: {done.why}", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"erased {done.dossier_id}: {done.facts} facts stay sealed, {done.refused} parked requests refused,"
        f" {done.letters} dead letters dropped, {done.messages} waiting messages emptied,"
        f" {done.deliveries.unsent} deliveries not sent, {done.deliveries.emptied} emptied,"
        f" {done.deliveries.open} still under way"
    )
    if done.unread_letters:
        typer.echo(f"hub: {done.unread_letters} dead letters cannot be read, and stay as they are", err=True)
    if removed is None:
        raise typer.Exit(1)
    typer.echo(f"{removed} documents deleted")


def replay_topic(
    participant: str,
    since: Annotated[datetime | None, typer.Option(help="legal time of the first fact; default: all")] = None,
    receipts: Annotated[bool, typer.Option(help="send the receipts again as well")] = False,
) -> None:
    """Publish again what a participant got, with the same ids: receivers drop what they have seen."""
    start = (since or datetime(2000, 1, 1)).replace(tzinfo=UTC)  # noqa: DTZ001  made aware here

    async def work(settings: Settings, connection: Connection) -> tuple[int, int]:
        master = MasterKey.from_file(settings.master_key_file)
        now = (await read_clock(connection, settings.environment)).of(datetime.now(UTC))
        await load_terms(connection, master, now.date())
        producer = kafka.producer(settings.kafka, "replay")
        await producer.start()
        sent = left_out = 0
        found = [replay.fact_messages(connection, master, participant, start, now)]
        if receipts:
            found.append(replay.receipt_messages(connection, master, participant))
        try:
            for messages in found:
                async for message in messages:
                    if isinstance(message, UntrustedRowError):
                        left_out += 1
                        typer.echo(f"hub: left out: {message}", err=True)
                        continue
                    await _publish(producer, settings, message)
                    sent += 1
        finally:
            await producer.stop()
        if not left_out:
            await connection.execute("delete from delivery_gap where adapter = $1", participant)
        return sent, left_out

    sent, left_out = with_store("operator", work)
    typer.echo(f"{sent} messages sent again to out.{participant}")
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
