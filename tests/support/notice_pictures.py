"""Test support: e-mails and messages as people get them, by the adapter's own texts; part of `make docs`.

`python -m tests.support.notice_pictures` stores those pictures anew that have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any, get_args

from PIL import Image

from adapters.notices.papers import ATTACHED
from adapters.notices.report_mail import report_mail
from adapters.notices.settings import NoticesSettings
from adapters.notices.sms import within
from adapters.notices.templates import PURPOSES, read_templates
from adapters.notices.wording import email_of, sms_of, subject_of
from hub.delivery.adapter import OutMessage
from hub.forms.typesetting import as_pdf
from schemas.notice import Language, NoticeRequested
from schemas.report import ReportMailing
from tests.contract.notices_world import message
from tests.support.forms import PICTURES, looks_like, pages_of

LINK = "https://tra-cuu.mau.example/tra-cuu"
FILES = {"receipt": "01", "supplement": "02", "decline": "03", "reschedule": "04"}
"""The form that goes with each, by its number."""
assert FILES.keys() == ATTACHED.keys()
NAME, ADDRESS = "Bộ phận Một cửa", "mot-cua@mau.example"
SENDER = f"{NAME} <{ADDRESS}>"
AT = datetime(2026, 3, 2, tzinfo=UTC)
REPORT_MAIL = "mail-report-0.png"
"""The picture of an e-mail with a report."""
_TEMPLATES = {
    "notice.typ": b"""
#let form = json(bytes(sys.inputs.form))
#set document(title: form.purpose)
#set page(width: 150mm, height: auto, margin: 5mm)
#set text(font: "Liberation Serif", size: 10pt, hyphenate: false)
#set par(leading: 0.5em, spacing: 0.7em)
#for mail in form.mails {
  block(width: 100%, stroke: 0.5pt, inset: 3mm, radius: 1mm)[
    #text(size: 8.5pt, fill: luma(80))[#form.sender #h(1fr) e-mail, #mail.language] \\
    *#mail.subject*
    #parbreak()
    #for line in mail.lines { if line == "" { parbreak() } else [#line \\ ] }
    #if mail.attached != none [#text(size: 8.5pt)[\\[PDF\\] #mail.attached]]
  ]
}
#for one in form.messages {
  align(right, block(width: 85%, fill: luma(235), inset: 3mm, radius: 3mm)[
    #align(left)[#one.text] #text(size: 7.5pt, fill: luma(80))[#one.kind]
  ])
}
"""
}


_REASON = ["Tờ khai chưa ký"]
_POINTS = {
    "supplement": _REASON,
    "decline": _REASON,
    "reschedule": _REASON,
    "appointment": ["Số 1 đường Giả Lập, Bến Tre", "Xác minh nơi cư trú"],
}


def fact(purpose: str, channel: str, language: Language) -> NoticeRequested:
    """What the hub asks for, of an invented dossier."""
    words = _POINTS.get(purpose, []) if channel == "email" else []
    values: dict[str, Any] = {
        "purpose": purpose,
        "channel": channel,
        "language": language,
        "due_at": "2026-03-05T10:00:00Z",
        "amount": 61_000,
        "status": "delivered",
        "points": [{"text": text} for text in words],
        "guidance": "Ký vào tờ khai rồi nộp lại." if words and purpose == "supplement" else None,
    }
    return NoticeRequested.model_validate_json(message(**values).data)


def picture(purpose: str) -> Image.Image:
    """All that is sent for this purpose: e-mail and message, Vietnamese and English."""
    known = read_templates(NoticesSettings().templates)
    mails, messages = [], []
    for language in get_args(Language):
        texts, asked = known[language], fact(purpose, "email", language)
        mails.append(
            {
                "language": language,
                "subject": subject_of(asked, texts, LINK),
                "lines": email_of(asked, texts, LINK).split("\n"),
                "attached": f"{FILES[purpose]}-{asked.code}.pdf" if purpose in FILES else None,
            }
        )
        short = within(sms_of(fact(purpose, "sms", language), texts, LINK), 3, is_unaccented=False)
        assert short is not None
        kind = f"SMS, {language}: {short.encoding}, {short.parts}"
        messages.append({"text": short.text, "kind": kind})
    return _drawn({"purpose": purpose, "sender": SENDER, "mails": mails, "messages": messages})


def picture_of_a_report() -> Image.Image:
    """The e-mail with which a report goes to the office that gets it."""
    asked = ReportMailing(
        organisation="000.12.34.H07", report="officers", period="2026-02", digest="0" * 64, size=1,
        rule="7.3", kind="officers", to="000.12.34.H07", email=ADDRESS,
        organisation_name="Bộ phận Một cửa xã Mẫu", first=date(2026, 2, 1), last=date(2026, 2, 28),
    )  # fmt: skip
    wanted = OutMessage("mailing", ReportMailing.type, "matter", "matter", 3, AT, b"")
    sent = message_from_bytes(report_mail(wanted, asked, (NAME, ADDRESS), b"%PDF"), policy=default)
    (paper,), text = sent.iter_attachments(), sent.get_body(("plain",))
    assert text is not None
    mail = {
        "language": "vi", "subject": sent["Subject"], "lines": text.get_content().strip().split("\n"),
        "attached": paper.get_filename(),
    }  # fmt: skip
    return _drawn({"purpose": asked.report, "sender": sent["From"], "mails": [mail], "messages": []})


def _drawn(content: dict[str, Any]) -> Image.Image:
    (page,) = pages_of(as_pdf(_TEMPLATES, "notice.typ", content, AT))
    return page


def changed() -> Iterator[tuple[str, Image.Image]]:
    """File name and picture of each that does not look as it is stored."""
    pictures = {f"notice-{purpose}.png": picture(purpose) for purpose in sorted(PURPOSES)}
    for name, made in (pictures | {REPORT_MAIL: picture_of_a_report()}).items():
        if not looks_like(made, name):
            yield name, made


def main() -> None:
    """Store what has changed."""
    for name, made in changed():
        made.save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()
