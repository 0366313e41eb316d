"""Embedded stack: how many connections a broker bears, by listener, and descriptors and memory for them."""

from __future__ import annotations

import resource

PARTICIPANTS, INTERNAL, CONTROLLER = 1_000, 500, 100
"""Connections at a time; INTERNAL is for the brokers among themselves, the hub and its administrators."""
_CREATED_PER_S = 100
_IDLE_MS = 240_000
_FILES = 2_400
"""Of the logs and of the broker itself."""
_LOGIN_BYTES = 16 << 10
_REQUEST_BYTES, _REQUESTS_BYTES = 8 << 20, 96 << 20
"""Of one request, and of all that are read at a time; the hub's own clients send 5 MiB at most."""
_GROUP_MEMBERS, _COMMENT_BYTES = 200, 1024


def connection_settings() -> dict[str, str]:
    """What keeps strangers from using a broker up: it dies when it has no descriptor for a file of a log.

    On loopback all come from one address, so there is no limit by address; what strangers can fill is the
    listener of the participants alone. A connection on which nobody speaks is closed after four minutes.
    """
    return {
        "listener.name.participants.max.connections": str(PARTICIPANTS),
        "listener.name.participants.max.connection.creation.rate": str(_CREATED_PER_S),
        "listener.name.internal.max.connections": str(INTERNAL),
        "listener.name.controller.max.connections": str(CONTROLLER),
        "connections.max.idle.ms": str(_IDLE_MS),
    }


def memory_settings() -> dict[str, str]:
    """What keeps the heap of a broker: it takes the size of a request from it as soon as that is announced.

    Without these four bytes cost half a MiB before the log-in and 100 MiB after it, and a broker without heap
    loses the threads that accept and read connections, for good.
    """
    return {
        "sasl.server.max.receive.size": str(_LOGIN_BYTES),
        "socket.request.max.bytes": str(_REQUEST_BYTES),
        "queued.max.request.bytes": str(_REQUESTS_BYTES),
        "group.max.size": str(_GROUP_MEMBERS),
        "group.consumer.max.size": str(_GROUP_MEMBERS),
        "offset.metadata.max.bytes": str(_COMMENT_BYTES),
    }


def shortage() -> str | None:
    """What is wrong when the system allows a broker too few descriptors; Java takes all that it allows."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = PARTICIPANTS + INTERNAL + CONTROLLER + _FILES
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return None
    return (
        f"descriptors: Kafka needs {needed} file descriptors, the system allows {allowed}: raise ulimit -Hn"
    )
