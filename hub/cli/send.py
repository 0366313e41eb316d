"""`hub send`: one request as its participant, to try the hub without a client of one's own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hub.cli.shared import fail, run
from hub.participants.as_participant import HeardMessage, Question, connection_of, new_id, participant
from hub.printing.tables import say_json
from hub.settings import KafkaSettings

_REFUSED, _NO_ANSWER = 1, 3
_STDIN = Path("-")


def send(
    connection: Annotated[Path, typer.Argument(help="NAME.conf, as `hub participants add --into` writes it")],
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="such as dossier.submit")],
    subject: Annotated[str, typer.Argument(help="a dossier's code or id; ref:YOUR-OWN for a new one")],
    data: Annotated[Path, typer.Option(help="the JSON of the request; -: standard input")] = _STDIN,
    until: Annotated[
        str | None, typer.Option(help="wait for this fact about the dossier too, such as identity.matched")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option("--id", help="of a request that is sent once more; left out: a new one")
    ] = None,
    limit_s: Annotated[float, typer.Option("--for", min=1, help="seconds to wait for each answer")] = 60,
    topic_prefix: Annotated[
        str, typer.Option(envvar="TOPIC_PREFIX", help="what stands before the hub's topics")
    ] = "",
) -> None:
    """Send one request and print its receipt, then the fact that is waited for: a line of JSON each.

    Exit status 1: it was refused; 3: no answer came in time.
    """
    question = Question(kind, subject, _body(data), request_id or new_id())
    if not run(_answered(connection_of(connection, topic_prefix), question, until, limit_s)):
        raise typer.Exit(_REFUSED)


async def _answered(settings: KafkaSettings, question: Question, until: str | None, limit_s: float) -> bool:
    async with participant(settings) as ours:
        await ours.send(question)
        again = f"sent, and no receipt yet; to send the same again: --id {question.id}"
        receipt = await _in_time(ours.receipt(question.id), limit_s, again)
        say_json(receipt.data.decode())
        if until is not None and receipt.is_accepted:
            dossier = orjson.loads(receipt.data)["dossier"]
            fact = await _in_time(ours.fact(until, dossier), limit_s, f"{until} was not told")
            say_json(fact.data.decode())
        return receipt.is_accepted


async def _in_time(answer: Awaitable[HeardMessage], limit_s: float, otherwise: str) -> HeardMessage:
    try:
        return await asyncio.wait_for(answer, limit_s)
    except TimeoutError:
        fail(f"{otherwise} ({limit_s:g} s)", _NO_ANSWER)


def _body(data: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if data == _STDIN else data.read_bytes()
    except OSError as error:
        fail(f"{data}: {error.strerror}", 2)
