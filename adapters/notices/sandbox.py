"""Stand-ins of a provider of short messages and of a mail server, `python -m adapters.notices.sandbox`.

E-mails lie as files in a folder beside the journal of messages, which is named like it: `notices-mail`.
"""

from __future__ import annotations

from pathlib import Path
from time import time
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.notices.sandbox_mail import MailBox, MailServer
from adapters.sandbox_kit.faults import FaultKinds, Faults
from adapters.sandbox_kit.journal import Journal
from adapters.sandbox_kit.replies import object_in, reply
from adapters.sandbox_kit.serving import arguments_of, run

AFTER_EFFECT: Final = frozenset({"timeout_after_effect", "lost_after_effect", "slow_drip"})
INSTEAD: Final = frozenset({"http_500", "html_page", "bad_json", "no_body", "throttled"})
_FIELDS: Final = ("id", "from", "to", "text", "encoding")
_NO_MOBILE: Final = ("02", "+842")
"""Numbers that take no messages."""


class Sandbox:
    """Messages by their id, journaled with the time before the answer; the same id is one message."""

    def __init__(self, journal: Journal) -> None:
        self.faults = Faults(FaultKinds(AFTER_EFFECT | INSTEAD, AFTER_EFFECT, target="id"))
        self._journal = journal
        self._numbers: dict[str, str] = {entry["id"]: entry["number"] for entry in journal.recovered()}

    async def messages(self, request: Request) -> Response:
        """POST /messages sends one."""
        body = object_in(await request.body())
        if body is None or any(not isinstance(body.get(name), str) for name in _FIELDS):
            return JSONResponse({"error": "fields"}, 400)
        if body["to"].startswith(_NO_MOBILE):
            return JSONResponse({"error": "not a mobile number"}, 422)
        fault = self.faults.take("send", body["id"])
        if fault is None or fault.has_effect:
            self._send(body)
        return reply(fault, {"id": self._numbers.get(body["id"], "SMS-0")})

    async def message(self, request: Request) -> Response:
        """GET /messages/ID tells its number."""
        number = self._numbers.get(request.path_params["id"])
        if number is None:
            return JSONResponse({"error": "not found"}, 404)
        return JSONResponse({"id": number})

    def _send(self, body: dict[str, Any]) -> None:
        if body["id"] not in self._numbers:
            number = f"SMS-{len(self._numbers) + 1:06}"
            entry = {"kind": "effect", "at": time(), "id": body["id"], "number": number, "body": body}
            self._journal.append(entry)
            self._numbers[body["id"]] = number

    def app(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/messages", self.messages, methods=["POST"]),
                Route("/messages/{id}", self.message, methods=["GET"]),
                Route("/_health", _health),
                self.faults.route(),
            ]
        )


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def main() -> None:
    """Serve both until a signal; without a port for mail only messages."""
    parser = arguments_of("adapters.notices.sandbox", __doc__)
    parser.add_argument("--mail-port", type=int, help="where e-mail is taken")
    arguments = parser.parse_args()
    sandbox = Sandbox(Journal(arguments.journal))
    folder: Path = arguments.journal.with_name(f"{arguments.journal.stem}-mail")
    run(
        arguments,
        lambda _base: sandbox.app(),
        lambda base: {"sms_url": f"{base}/messages", "mail": str(folder)},
        beside=lambda: _mail(folder, arguments.mail_port),
    )


async def _mail(folder: Path, port: int | None) -> None:
    if port is not None:
        await MailServer(MailBox(folder).keep).serve(port)


if __name__ == "__main__":
    main()
