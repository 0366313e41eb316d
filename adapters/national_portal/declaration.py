"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from importlib.resources import files

from adapters.national_portal.erasing import erase
from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Secret, Service, StandIn

_SERVICE = Service(
    settings={
        "HUB_PORTAL_BASE_URL": "${PORTAL_BASE_URL:-[sandbox]}",
        "HUB_PORTAL_USERNAME": "${PORTAL_USERNAME:-sandbox}",
        "HUB_PORTAL_UNIT": "${PORTAL_UNIT:-000.00.00.H07}",
        "HUB_PORTAL_DOOR__HOST": "[host]",
        "HUB_PORTAL_DOOR__PORT": "[door_port]",
        "HUB_PORTAL_DOOR__NETWORKS": '${PORTAL_NETWORKS:-["127.0.0.0/8"]}',
        "HUB_PORTAL_LINKS__PUBLIC_URL": "${PORTAL_LINKS_URL:-[door]}",
        "HUB_PORTAL_PAYMENT__PARTNER": "${PORTAL_PAYMENT_PARTNER:-BENTRE}",
    },
    secrets={
        "HUB_PORTAL_PASSWORD": Secret("portal_password", "sandbox-password"),
        "HUB_PORTAL_LINKS__KEY": Secret("portal_links_key"),
        "HUB_PORTAL_RECORD_KEY": Secret("portal_record_key"),
        "HUB_PORTAL_PAYMENT__SECRET": Secret(
            "portal_payment_secret", "sandbox-secret-of-the-payment-platform"
        ),
    },
    door_port=8084,
    reads_documents=True,
    sandbox=StandIn(
        "adapters.national_portal.sandbox",
        8083,
        arguments=("--door=[door]/XrdAdapter/RestService/forward",),
    ),
)

DECLARATION = AdapterDeclaration(
    name="portal",
    role="portal",
    settings_prefix="HUB_PORTAL_",
    factory="adapters.national_portal.app:build",
    migrations=files("adapters.national_portal") / "migrations",
    erase=erase,
    service=_SERVICE,
)
