"""What the portal adapter can fail with besides its calls (`hub.delivery.http`)."""

from __future__ import annotations

from hub.errors import HubError


class UnopenedError(HubError):
    """What is kept of a dossier cannot be opened; its text says why and holds nothing of it."""

    code = "portal.unopened"
