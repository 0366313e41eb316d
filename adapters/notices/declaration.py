"""What the hub and its site have to know of this adapter; importing it costs nothing."""

from __future__ import annotations

from importlib.resources import files

from adapters.notices.erasing import erase
from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Secret, Service, StandIn

_SERVICE = Service(
    settings={
        "HUB_NOTICES_SMTP_HOST": "${NOTICES_SMTP_HOST:-127.0.0.1}",
        "HUB_NOTICES_SMTP_PORT": "${NOTICES_SMTP_PORT:-[mail_port]}",
        "HUB_NOTICES_SMTP_SECURITY": "${NOTICES_SMTP_SECURITY:-none}",
        "HUB_NOTICES_SMTP_USER": "${NOTICES_SMTP_USER:-}",
        "HUB_NOTICES_SENDER": "${NOTICES_SENDER:-mot-cua@sandbox.invalid}",
        "HUB_NOTICES_SMS_URL": "${NOTICES_SMS_URL:-[sandbox]/messages}",
        "HUB_NOTICES_SMS_BRAND": "${NOTICES_SMS_BRAND:-MOTCUA}",
        "HUB_NOTICES_ATTACH_WAIT_S": "${NOTICES_ATTACH_WAIT_S:-600}",
    },
    secrets={
        "HUB_NOTICES_SMTP_PASSWORD": Secret("notices_smtp_password", "sandbox-password"),
        "HUB_NOTICES_SMS_TOKEN": Secret("notices_sms_token", "sandbox-token"),
    },
    reads_documents=True,
    sandbox=StandIn(
        "adapters.notices.sandbox", 8085, arguments=("--mail-port=[mail_port]",), ports={"mail": 8086}
    ),
)

DECLARATION = AdapterDeclaration(
    name="notices",
    role="notifier",
    settings_prefix="HUB_NOTICES_",
    factory="adapters.notices.app:build",
    migrations=files("adapters.notices") / "migrations",
    erase=erase,
    service=_SERVICE,
)
