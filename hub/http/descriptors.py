"""File descriptors: every connection needs one, and what the process needs itself must never run out."""

from __future__ import annotations

import resource

from hub.settings import GatewaySettings

HEALTH_CONNECTIONS = 128
_OWN = 256
"""Of the process itself: files, Kafka, PostgreSQL, documents and webhooks."""


def raise_soft_limit() -> None:
    """Take as many descriptors as the system allows this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def gateway_shortage(settings: GatewaySettings) -> str | None:
    """What is wrong when the gateway may hold more connections than it has descriptors; None: enough."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.max_connections + HEALTH_CONNECTIONS + _OWN
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return None
    return (
        f"{settings.max_connections} connections need {needed} file descriptors, the system allows {allowed}"
    )
