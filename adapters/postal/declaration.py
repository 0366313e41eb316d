"""What the hub and its site have to know of this adapter."""

from __future__ import annotations

from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Secret, Service, StandIn

_SERVICE = Service(
    settings={
        "HUB_POSTAL_TOKEN_URL": "${POSTAL_TOKEN_URL:-[sandbox]/token}",
        "HUB_POSTAL_BASE_URL": "${POSTAL_BASE_URL:-[sandbox]/apiVNPostNGSP/p1.0}",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "${POSTAL_CUSTOMER_CODE:-SANDBOX01}",
        "HUB_POSTAL_STATUS_CODES_FILE": "[files]/${POSTAL_STATUS_CODES:-status_codes.toml}",
        "HUB_POSTAL_POLL_INTERVAL_S": "${POSTAL_POLL_INTERVAL_S:-300}",
    },
    secrets={
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": Secret("postal_consumer_key", "sandbox-key"),
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": Secret("postal_consumer_secret", "sandbox-secret"),
    },
    files=("adapters/postal/status_codes.toml", "adapters/postal/sandbox_status_codes.toml"),
    sandbox=StandIn(
        "adapters.postal.sandbox",
        8082,
        choices={"POSTAL_STATUS_CODES": "sandbox_status_codes.toml", "POSTAL_POLL_INTERVAL_S": "2"},
    ),
)

DECLARATION = AdapterDeclaration(
    name="postal",
    role="postal",
    settings_prefix="HUB_POSTAL_",
    factory="adapters.postal.app:build",
    service=_SERVICE,
)
