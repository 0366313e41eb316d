"""An e-mail as bytes: text and simple HTML, the same ones for the same notice (pure)."""

from __future__ import annotations

import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from html import escape
from typing import Final

from adapters.notices.papers import Attachment

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_LONGEST_LOCAL: Final = 64


def can_be_used(address: str) -> bool:
    """Whether it is an address that every mail server takes: ASCII, without quotes and comments."""
    return _ADDRESS.fullmatch(address) is not None and len(address.partition("@")[0]) <= _LONGEST_LOCAL


def mail_bytes(
    *,
    identity: str,
    at: datetime,
    sender: tuple[str, str],
    to: str,
    subject: str,
    text: str,
    language: str,
    attached: Attachment | None = None,
) -> bytes:
    """`identity` is the id of the delivery: Message-ID is made of it; `sender` is name and address."""
    mail = EmailMessage(policy=SMTP)
    mail["To"] = Address("", *to.rsplit("@", 1))
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{identity}@{sender[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="base64")
    mail.add_alternative(_html(subject, text, language), subtype="html", cte="base64")
    if attached is not None:
        mail.add_attachment(
            attached.content, maintype="application", subtype="pdf", filename=attached.name, cte="base64"
        )
    for number, part in enumerate(one for one in mail.walk() if one.is_multipart()):
        part.set_boundary(f"={identity}={number}=")
    mail["Content-Language"] = language
    name = f'"{quote(sender[0])}"' if sender[0].isascii() else _encoded("From", sender[0])
    head = f"From: {name}\r\n <{sender[1]}>\r\nSubject: {_encoded('Subject', subject)}\r\n"
    return head.encode("ascii") + mail.as_bytes()


def _encoded(name: str, text: str) -> str:
    """As RFC 2047 has it, in lines; `EmailMessage` loses blanks between encoded words."""
    return Header(text, "us-ascii" if text.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def _html(subject: str, text: str, language: str) -> str:
    paragraphs = "\n".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    head = f'<meta charset="utf-8"><title>{escape(subject)}</title>'
    body = f"<body>\n{paragraphs}\n</body>"
    return f'<!DOCTYPE html>\n<html lang="{language}"><head>{head}</head>\n{body}</html>\n'
