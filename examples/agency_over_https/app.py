"""An agency's case system over HTTPS: asks for its messages, takes in what is forwarded, posts decisions."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
import msgspec

from schemas.case import AssignCase
from schemas.dossier import DossierForwarded, ReceiveDossier
from schemas.party import Officer
from schemas.registry import REQUESTS

_BATCH = "application/cloudevents-batch+json"
_WAIT_S = 20
_LIMIT = 50
"""Messages of one answer: two requests may follow from each, and a batch has at most 100."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class Message(msgspec.Struct):
    """A message of the hub; `data` are its bytes as they came, which the journal keeps."""

    id: str
    type: str
    subject: str
    data: msgspec.Raw
    sequence: str | None = None
    causationid: str | None = None


class Page(msgspec.Struct):
    """One answer of `/v1/messages`; the next question starts at its cursor."""

    messages: list[Message]
    cursor: str


class Journal:
    """What is sent and what was received, one line each, on disk before anything else happens with it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rpartition(b"\n")
        self._file.truncate(len(whole[0] + whole[1]))  # a crash may have cut the last line
        lines = [json.loads(line) for line in whole[0].splitlines()]
        taken = {line["taken"] for line in lines if "taken" in line}
        self.received = {line["received"] for line in lines if "received" in line}
        self.not_taken = [line for line in lines if "sent" in line and line["sent"] not in taken]
        self.cursor = next((line["cursor"] for line in reversed(lines) if "cursor" in line), None)

    def write(self, *lines: Mapping[str, object]) -> None:
        """Append lines; returns when they are on disk."""
        self._file.write(b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines))
        os.fsync(self._file.fileno())


class Gateway:
    """The hub's door; every call is made again until it is answered, which changes nothing twice."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._http = httpx.AsyncClient(
            base_url=environment["GATEWAY_URL"],
            headers={"authorization": f"Bearer {environment['GATEWAY_TOKEN']}"},
            timeout=_WAIT_S + 10,
        )

    async def post(self, events: Sequence[str]) -> list[dict[str, Any]]:
        """Post events in their order; what the gateway says of each."""
        body = f"[{', '.join(events)}]".encode()
        answer = await self._call("POST", "/v1/events", content=body, headers={"content-type": _BATCH})
        answers: list[dict[str, Any]] = answer.json()["answers"]
        return answers

    async def messages(self, cursor: str | None) -> Page:
        """What came since the cursor; waits a while when there is nothing."""
        place = {"cursor": cursor} if cursor else {}
        params = {"wait": _WAIT_S, "limit": _LIMIT, **place}
        return msgspec.json.decode(
            (await self._call("GET", "/v1/messages", params=params)).content, type=Page
        )

    async def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                answer = await self._http.request(method, path, **more)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer.raise_for_status()
                what = str(answer.status_code)
            except httpx.TransportError as error:
                what = type(error).__name__
            sys.stderr.write(f"{method} {path}: {what}, once more in {pause_s:.1f} s\n")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


class Agency:
    """The participant `PARTICIPANT`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.name = environment["PARTICIPANT"]
        self._gateway = Gateway(environment)
        self._journal = Journal(Path(environment["AGENCY_JOURNAL"]))
        self._clock_file = environment.get("CLOCK_FILE")
        account, name = environment["AGENCY_OFFICER"].split(":")
        self._officer = Officer(account=account, name=name)

    async def enter(self, entry: Mapping[str, Any]) -> None:
        """Send what an officer entered: `type`, `subject`, `data`."""
        kind = f"onestop.{entry['type']}.v1"
        value = (
            REQUESTS[kind].model_validate_json(json.dumps(entry["data"])).model_dump_json(exclude_none=True)
        )
        await self.send([self._line(entry.get("id") or str(uuid4()), kind, entry["subject"], value)])

    async def send(self, lines: Sequence[dict[str, str]], *, is_again: bool = False) -> None:
        """Post requests in their order; what was sent before is not journaled again."""
        if not is_again:
            self._journal.write(*lines)
        for answer in await self._gateway.post([self._event(line) for line in lines]) if lines else []:
            if answer["status"] >= 300:
                raise RuntimeError(f"not taken: {answer}")
            self._journal.write({"taken": answer["id"]})

    async def send_again(self) -> None:
        """Send what had no answer when the program stopped; the hub acts on each id once."""
        await self.send(self._journal.not_taken, is_again=True)

    async def receive(self) -> AsyncIterator[dict[str, Any]]:
        """Every message of the hub once, however often it comes; the cursor is kept after it was handled."""
        while True:
            page = await self._gateway.messages(self._journal.cursor)
            fresh = [message for message in page.messages if message.id not in self._journal.received]
            await self._take_in([message for message in fresh if message.type == DossierForwarded.type])
            for message in fresh:
                data = bytes(message.data).decode()
                yield {"type": message.type, "dossier": message.subject, "data": json.loads(data)}
                self._journal.received.add(message.id)
            self._journal.write(*map(_received_line, page.messages), {"cursor": page.cursor})
            self._journal.cursor = page.cursor

    async def _take_in(self, forwarded: Sequence[Message]) -> None:
        """Acknowledge forwarded dossiers and assign them; a repeated message repeats the same two ids."""
        requests = (ReceiveDossier(officer=self._officer), AssignCase(assignee=self._officer))
        lines = [
            self._line(
                str(uuid5(NAMESPACE_URL, f"{message.id} {request.type}")),
                request.type,
                message.subject,
                request.model_dump_json(exclude_none=True),
            )
            for message in forwarded
            for request in requests
        ]
        await self.send(lines)

    def _line(self, event_id: str, kind: str, subject: str, value: str) -> dict[str, str]:
        shift_s = float(Path(self._clock_file).read_text()) if self._clock_file else 0.0
        at = (datetime.now(UTC) + timedelta(seconds=shift_s)).isoformat()
        return {"sent": event_id, "type": kind, "subject": subject, "at": at, "value": value}

    def _event(self, line: Mapping[str, str]) -> str:
        """The request in the JSON format of CloudEvents; what the hub takes is `data` byte for byte."""
        attributes = {
            "specversion": "1.0",
            "id": line["sent"],
            "source": f"/participants/{self.name}",
            "type": line["type"],
            "time": line["at"],
            "subject": line["subject"],
            "datacontenttype": "application/json",
        }
        return f'{json.dumps(attributes)[:-1]}, "data": {line["value"]}}}'


def _received_line(message: Message) -> dict[str, object]:
    return {
        "received": message.id,
        "type": message.type,
        "dossier": message.subject,
        "sequence": message.sequence,
        "cause": message.causationid,
        "value": bytes(message.data).decode(),
    }


async def entered_lines() -> AsyncIterator[bytes]:
    """The lines of standard input."""
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


async def show(agency: Agency) -> None:
    """Write each message of the hub as one line."""
    async for message in agency.receive():
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        sys.stdout.flush()


async def run(environment: Mapping[str, str]) -> None:
    """Work until the input ends; a request that the gateway refuses ends the program."""
    agency = Agency(environment)
    async with asyncio.TaskGroup() as tasks:
        await agency.send_again()
        showing = tasks.create_task(show(agency))
        async for line in entered_lines():
            tasks.create_task(agency.enter(json.loads(line)))
        showing.cancel()


if __name__ == "__main__":
    asyncio.run(run(os.environ))
