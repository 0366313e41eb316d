"""`hub send` and `hub listen`: as a participant, to try the hub without a client of one's own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hub.cli.shared import fail, run
from hub.participants.as_participant import HeardMessage, Question, connection_of, new_id, participant
from hub.printing.tables import say, say_json
from hub.settings import KafkaSettings

_REFUSED, _NO_ANSWER = 1, 3
_STDIN = Path("-")


Connection = Annotated[Path, typer.Argument(help="NAME.conf, as `hub participants add --into` writes it")]
TopicPrefix = Annotated[str, typer.Option(envvar="TOPIC_PREFIX", help="what stands before the hub's topics")]


def send(
    connection: Connection,
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
    topic_prefix: TopicPrefix = "",
) -> None:
    """Send one request and print its receipt, then the fact that is waited for: a line of JSON each.

    Exit status 1: it was refused; 3: no answer came in time.
    """
    question = Question(kind, subject, _body(data), request_id or new_id())
    if not run(_answered(connection_of(connection, topic_prefix), question, until, limit_s)):
        raise typer.Exit(_REFUSED)


def listen(
    connection: Connection,
    about: Annotated[str | None, typer.Option(help="this dossier only, by its id")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="these only, such as dossier.forwarded")] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="also what was told before, as long as it is kept")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="end after the first that fits")] = False,
    topic_prefix: TopicPrefix = "",
) -> None:
    """Print what a participant is told, as it comes: type, dossier and JSON between tabs, until Ctrl-C.

    Its programs still get all of it.
    """
    settings = connection_of(connection, topic_prefix)

    async def work() -> None:
        async with participant(settings, from_beginning=from_beginning) as ours:
            async for told in ours.messages():
                if about in (None, told.key) and kind in (None, _short(told.type)):
                    data = told.data.decode("utf-8", "replace")
                    say(f"{told.type}\t{told.key}\t{data}")
                    if once:
                        return

    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        run(work())


def _short(kind: str) -> str:
    return kind.removeprefix("onestop.").rpartition(".v")[0]


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
