"""Test support: reports of mail servers as they send them (RFC 3464)."""

from __future__ import annotations


def bounce(
    identity: str, *, action: str = "failed", status: str = "5.1.1", headers_only: bool = False
) -> bytes:
    """That the e-mail with this Message-ID did not arrive."""
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    return f"""From: MAILER-DAEMON@mx.mau.example\r
To: motcua@mau.example\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="bound"\r
\r
--bound\r
Content-Type: text/plain\r
\r
This is the mail system at host mx.mau.example.\r
--bound\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.mau.example\r
\r
Final-Recipient: rfc822; nguyen.thi.mau@mau.example\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; 550 5.1.1 no such user\r
\r
--bound\r
Content-Type: {kind}\r
\r
From: motcua@mau.example\r
To: nguyen.thi.mau@mau.example\r
Message-ID: <{identity}@mau.example>\r
Subject: x\r
\r
x\r
--bound--\r
""".encode()
