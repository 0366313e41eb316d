"""An applicant who agreed to it is told, from the counter to a mail server and back to the dossier."""

from __future__ import annotations

from email import message_from_string
from email.policy import default
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from hub.embedded.stack import StackAddress
from tests.contract.notices_world import mail_world
from tests.support.bounces import bounce
from tests.support.clients import Client
from tests.support.hubs import Hub, own_hub
from tests.support.processes import HubProcess
from tests.support.requests import COMPONENTS, OFFICER, ONE_STOP, SUBMIT, submission
from tests.support.waiting import eventually

PDF = b"%PDF-1.7\nForm 02\n%%EOF\n"
AGREED = {"email": "nguyen.thi.mau@mau.example", "phone": "0900000001"}
GAP = {"component": COMPONENTS[0]["code"], "reason": "Tờ khai chưa ký"}
SUPPLEMENT = {"officer": OFFICER, "stage": "intake", "gaps": [GAP]}


async def _adapter(hub: Hub, folder: Path, **settings: str) -> None:
    password = await hub.register("notices", ["notifier"])
    own = {"HUB_KAFKA__USER": f"{hub.prefix}notices", "HUB_KAFKA__PASSWORD": password}
    process = HubProcess("adapter", "notices", hub.environment | own | settings, folder, adapter="notices")
    hub.processes.append(process)
    process.start()
    await process.ready()


def _stored(documents: Path) -> str:
    """A paper as the role that makes them stores it; its digest."""
    digest = sha256(PDF).hexdigest()
    path = documents / "objects" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PDF)
    return digest


def _failures(counter: Client) -> list[tuple[str, str]]:
    found = [one.data for one in counter.inbox if one.type == "onestop.notice.failed.v1"]
    return [(one["channel"], one["then"]) for one in found]


async def test_the_email_of_form_02_is_sent_once_and_a_refused_one_becomes_a_call_of_the_counter(
    stack: StackAddress, tmp_path: Path
) -> None:
    (folder := tmp_path / "mail").mkdir()
    async with mail_world(folder) as (_, mail), own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        typesetter = await hub.join("typesetter", ["typesetter"])
        await hub.start_engine()
        server = {"HUB_NOTICES_SMTP_HOST": "127.0.0.1", "HUB_NOTICES_SMTP_PORT": str(mail.port)}
        trusted = {"HUB_NOTICES_SMTP_CA_FILE": str(folder / "mail-root.pem")}
        back = {
            "HUB_NOTICES_BOUNCES": str(tmp_path / "bounces"),
            "HUB_NOTICES_BOUNCES_EVERY_S": "0.2",
        }
        papers = {
            "HUB_NOTICES_SENDER": "motcua@mau.example",
            "HUB_NOTICES_ATTACH_WAIT_S": "600",
            "HUB_DOCUMENTS__FOLDER": str(tmp_path / "documents"),
        }
        await _adapter(hub, tmp_path, **papers, **server, **trusted, **back)

        async def lodged() -> str:
            submitted = await counter.ask(SUBMIT, f"ref:{uuid4()}", submission(notices=AGREED))
            dossier = str(submitted.data["dossier"])
            await counter.ask("onestop.dossier.request_supplement.v1", dossier, SUPPLEMENT)
            issued = await typesetter.fact("dossier.supplement_requested", dossier)
            made = {"fact": "dossier.supplement_requested", "issued_at": issued.headers["ce_time"]}
            paper = {"form": "02", "digest": _stored(tmp_path / "documents"), "size": len(PDF)}
            await typesetter.ask("onestop.form.report.v1", dossier, made | {"papers": [paper]})
            return dossier

        told = await counter.fact("notice.sent", await lodged())
        assert (told.data["notice"], told.data["channel"], told.data["rule"]) == ("TB1", "email", "15.1.b")
        assert told.data["proof"].startswith("250.")
        (taken,) = mail.taken()
        assert taken["to"] == [AGREED["email"]]

        (form,) = message_from_string(taken["content"], policy=default).iter_attachments()
        assert (form.get_filename(), form.get_content()) == ("02-ho-so.pdf", PDF)

        identity = message_from_string(taken["content"])["Message-ID"].strip("<>").partition("@")[0]
        (tmp_path / "bounces" / "new").mkdir(parents=True)
        (tmp_path / "bounces" / "new" / "1.mail").write_bytes(bounce(identity))
        await eventually(lambda: len(_failures(counter)) == 2, 30, "what came back to take the next ways")
        assert _failures(counter) == [("email", "sms"), ("sms", "call")]

        mail.fault("rcpt", "550 5.1.1 no such user")
        refused = await lodged()
        await eventually(lambda: len(_failures(counter)) == 4, 30, "both ways failed")
        assert _failures(counter)[2:] == [("email", "sms"), ("sms", "call")]
        call = {"purpose": "supplement", "notice": "TB1", "channel": "call", "at": told.data["at"]}
        answer = await counter.ask("onestop.notice.report.v1", refused, call)
        assert [fact["type"] for fact in answer.data["facts"]] == ["onestop.notice.sent.v1"]
        assert len(mail.taken()) == 1
        assert not [one for one in counter.inbox if one.type == "onestop.notice.requested.v1"]
