"""`hub participants`: who takes part, over Kafka or over HTTPS."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.asking import By, IsSure, Why, order
from hub.cli.budget import budget, resume
from hub.cli.connection_files import check_folder
from hub.cli.connection_help import connection_files, how_to_connect
from hub.cli.connection_help_https import how_to_connect_over_https, how_to_upload, https_files
from hub.cli.shared import fail, run, settings, with_store
from hub.facts.sealing import store_key_of
from hub.gateway.presence import gateway_url
from hub.kafka.admin import KafkaAdmin
from hub.kafka.topics import KEPT_BYTES
from hub.participants import registry as participants
from hub.participants.admission import ROLES
from hub.participants.credentials import OVERLAP
from hub.participants.editing import Change
from hub.participants.editing import edit as edit_participant
from hub.postgres import database
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, print_rows, say
from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Who takes part.")
Into = Annotated[
    Path | None,
    typer.Option("--into", help="write the connection into files of this folder, and print no secret"),
]


@app.command("add")
def add(
    name: str,
    role: Annotated[list[str], typer.Option(help="one or more of " + ", ".join(ROLES))],
    organisation: Annotated[list[str] | None, typer.Option(help="organisation codes it speaks for")] = None,
    partitions: Annotated[int, typer.Option(min=1)] = 4,
    quota_bytes_per_s: Annotated[
        int, typer.Option(min=1024, help="what it may write, and what it may read, per second and broker")
    ] = 5 << 20,
    kept_bytes: Annotated[
        int, typer.Option(min=1 << 20, help="bytes that its in. topic keeps, its out. topic twice as many")
    ] = KEPT_BYTES,
    http: Annotated[bool, typer.Option("--http", help="it has no Kafka client: over the gateway")] = False,
    documents: Annotated[
        bool, typer.Option("--documents", help="events over Kafka, and a token for documents and look-ups")
    ] = False,
    into: Into = None,
) -> None:
    """Register a participant and print how it connects; the password or token is shown once."""
    check_folder(into)
    if http and documents:
        raise typer.BadParameter("--http serves documents too; --documents is for participants over Kafka")
    participant = participants.Participant(
        name,
        tuple(role),
        tuple(organisation or ()),
        partitions,
        quota_bytes_per_s,
        is_http=http,
        kept_bytes=kept_bytes,
    )

    async def work(tree: Settings, admin: KafkaAdmin, connection: Connection) -> list[str]:
        secret = await participants.add(admin, connection, store_key_of(tree), participant)
        printed = [await _connection(tree, connection, name, secret, into, is_http=http)]
        if documents:
            printed.append(await _upload(tree, connection, name, into))
        return printed

    for text in run(_administered(work)):
        say(text)


@app.command("edit")
def edit(
    name: str,
    role: Annotated[
        list[str] | None, typer.Option(help="all that it is to have; left out: as they are")
    ] = None,
    organisation: Annotated[
        list[str] | None, typer.Option(help="all that it speaks for; left out: as they are")
    ] = None,
    quota_bytes_per_s: Annotated[
        int | None, typer.Option(min=1024, help="what it may write, and read, per second and broker")
    ] = None,
    kept_bytes: Annotated[
        int | None,
        typer.Option(min=1 << 20, help="bytes that its in. topic keeps, its out. topic twice"),
    ] = None,
    reason: Why = "",
    operator: By = "",
) -> None:
    """Change roles, organisations or quota; password, token and topics stay."""
    change = Change(
        tuple(role) if role else None,
        tuple(organisation) if organisation else None,
        quota_bytes_per_s,
        kept_bytes,
    )
    if change == Change():
        fail("nothing is to be changed: hub participants edit --help", 2)
    by = order("", operator, reason, is_sure=True)

    async def work(
        tree: Settings, admin: KafkaAdmin, connection: Connection
    ) -> tuple[participants.Participant, participants.Participant]:
        async with connection.transaction():
            found = await edit_participant(admin, connection, store_key_of(tree), name, change)
            await record_action(connection, by.operator, "participant.edited", name, by.reason)
        return found

    before, after = run(_administered(work))
    for what in ("roles", "organisations"):
        was, now = ", ".join(getattr(before, what)), ", ".join(getattr(after, what))
        say(f"{what}: {now or '(none)'}" + (f" (before: {was or '(none)'})" if was != now else ""))
    if quota_bytes_per_s is not None:
        say(f"quota: {quota_bytes_per_s} bytes per second and broker, each way")
    if kept_bytes is not None:
        say(f"kept: {kept_bytes} bytes of its in. topic, twice as many of its out. topic")


@app.command("rotate")
def rotate(
    name: str,
    overlap_h: Annotated[
        float, typer.Option(min=0, max=8760, help="hours in which the old token still works (HTTPS only)")
    ] = 24,
    into: Into = None,
) -> None:
    """Give a participant a new password or token."""
    check_folder(into)

    async def work(tree: Settings, admin: KafkaAdmin, connection: Connection) -> str:
        overlap = timedelta(hours=overlap_h)
        key = store_key_of(tree)
        secret = await participants.rotate(admin, connection, key, name, overlap=overlap)
        is_http = await participants.is_http(connection, key, name)
        return await _connection(tree, connection, name, secret, into, is_http=is_http)

    say(run(_administered(work)))


@app.command("documents")
def documents(
    name: str,
    overlap_h: Annotated[
        float, typer.Option(min=0, max=8760, help="hours in which the old token still works")
    ] = 24,
    into: Into = None,
) -> None:
    """Give a participant over Kafka a (new) token for documents and look-ups over HTTPS."""
    check_folder(into)
    overlap = timedelta(hours=overlap_h)

    async def work(tree: Settings, connection: Connection) -> str:
        return await _upload(tree, connection, name, into, overlap)

    say(with_store("participants", work))


@app.command("certificate")
def certificate(name: str, file: Path) -> None:
    """Let a participant show the client certificate in this PEM file to the gateway instead of a token."""
    try:
        pem = file.read_bytes()
    except OSError as error:
        say(f"hub: {file}: {error.strerror}", err=True)
        raise typer.Exit(2) from None

    async def work(tree: Settings, connection: Connection) -> None:
        await participants.bind_certificate(connection, store_key_of(tree), name, pem)

    with_store("participants", work)
    say(f"{name} may show this certificate; one bound before ends in 24 hours")


@app.command("webhook")
def webhook(
    name: str,
    url: Annotated[
        str | None, typer.Argument(help="where its messages are posted; without it: no more")
    ] = None,
) -> None:
    """Post a participant's messages to its own address, signed; the secret is shown once."""

    async def work(tree: Settings, connection: Connection) -> str | None:
        is_test = tree.environment == "test"
        return await participants.set_webhook(connection, store_key_of(tree), name, url, is_test=is_test)

    secret = with_store("participants", work)
    say(f"secret={secret}" if secret else f"{name} has no webhook any more")


@app.command("remove")
def remove(name: str, reason: Why = "", operator: By = "", is_sure: IsSure = False) -> None:
    """Take away password or token, rights and registration."""
    what = f"Remove {name}? Its rights end at once, what waits in its topic is refused."
    by = order(what, operator, reason, is_sure=is_sure)

    async def work(tree: Settings, admin: KafkaAdmin, connection: Connection) -> None:
        await participants.remove(admin, connection, store_key_of(tree), name)
        await record_action(connection, by.operator, "participant.removed", name, by.reason)

    run(_administered(work))
    say(f"{name} removed")


app.command("budget")(budget)
app.command("resume")(resume)


@app.command("list")
def list_participants(as_json: AsJson = False) -> None:
    """Show who takes part."""

    async def work(tree: Settings, connection: Connection) -> list[participants.Participant]:
        return await participants.registered(connection, store_key_of(tree))

    rows = [
        {
            "name": participant.name,
            "roles": participant.roles,
            "organisations": participant.organisations,
            "over": _over(participant),
            "partitions": participant.partitions,
        }
        for participant in with_store("participants", work)
    ]
    columns = ("name", "roles", "organisations", "over")
    print_rows(rows, columns, as_json=as_json, none="nobody: hub participants add", more=("partitions",))


def _over(participant: participants.Participant) -> str:
    if participant.has_documents:
        return "Kafka, documents over HTTPS"
    return "HTTPS" if participant.is_http else "Kafka"


async def _administered(act: Any) -> Any:
    tree = settings()
    admin = KafkaAdmin(tree.kafka)
    await asyncio.to_thread(admin.check)
    connection = await database.connect_at_start(tree.postgres, "participants")
    try:
        return await act(tree, admin, connection)
    finally:
        await connection.close()


async def _connection(
    tree: Settings, connection: Connection, name: str, secret: str, into: Path | None, *, is_http: bool
) -> str:
    if not is_http:
        if into is not None:
            return connection_files(tree.kafka, name, secret).write(into)
        return how_to_connect(tree.kafka, name, secret)
    url = await gateway_url(tree.gateway, connection, store_key_of(tree))
    if into is not None:
        return https_files(url, name, secret).write(into)
    return how_to_connect_over_https(url, name, secret)


async def _upload(
    tree: Settings, connection: Connection, name: str, into: Path | None, overlap: timedelta = OVERLAP
) -> str:
    key = store_key_of(tree)
    token = await participants.let_in_for_documents(connection, key, name, overlap=overlap)
    url = await gateway_url(tree.gateway, connection, key)
    if into is not None:
        return https_files(url, name, token, has_events=False).write(into)
    return how_to_upload(url, name, token)
