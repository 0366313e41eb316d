"""The stand-in of the mail server: every e-mail of a trial lies there as a file, once."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from adapters.notices.adapter import NoticesAdapter
from adapters.sandbox_kit.process import sandbox_process
from hub.delivery.outcome import Delivered, Rejected
from hub.embedded.process import free_port
from tests.contract.notices_world import message, settings
from tests.support.waiting import eventually


async def test_an_email_lies_in_the_folder_once_and_an_address_that_is_not_there_is_refused(
    tmp_path: Path,
) -> None:
    port = free_port(set())
    async with sandbox_process("adapters.notices.sandbox", tmp_path, "--mail-port", str(port)):
        adapter = NoticesAdapter(settings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none"))
        asked = message()

        async def is_sent() -> bool:
            return isinstance(await adapter.deliver(asked), Delivered)

        await eventually(is_sent, 10, "the mail server to listen")
        assert isinstance(await adapter.deliver(asked), Delivered)
        assert isinstance(await adapter.deliver(message(email="nobody@mau.example")), Rejected)
        await adapter.aclose()
    (lies,) = (tmp_path / "journal-mail").iterdir()
    read = message_from_bytes(lies.read_bytes(), policy=default)
    assert read["To"] == "nguyen.thi.mau@mau.example"
    body = read.get_body(("plain",))
    assert body is not None
    assert "Tờ khai chưa ký <b>" in body.get_content()
