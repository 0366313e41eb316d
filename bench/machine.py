"""Where and with what a table was measured: commit, machine, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.arena import REPOSITORY
from bench.runners import bench_python

_OURS = ("aiokafka", "asyncpg", "faststream", "fast-depends", "pydantic", "orjson", "uvloop", "cryptography")
_PEERS = ("quixstreams", "bytewax", "dbos", "confluent-kafka")


def facts() -> dict[str, Any]:
    """Everything that a reader needs to judge a number."""
    return {
        "commit": _commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": f"{os.cpu_count()} x {_cpu_model()}",
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "disk": _disk(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _OURS} | _peer_versions(),
        "load_at_start": [round(load, 2) for load in os.getloadavg()],
        "broker": "Apache Kafka 4.2 (KRaft, one node, SCRAM, ACLs, group.coordinator.append.linger.ms=0)",
        "database": "PostgreSQL 18 (fsync, synchronous_commit, full_page_writes on, shared_buffers 256 MB)",
    }


def _commit() -> str:
    commit = _output(["git", "rev-parse", "--short", "HEAD"])
    return commit + ("+changes" if _output(["git", "status", "--porcelain", "hub", "schemas"]) else "")


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False
        ).stdout.strip()
    except OSError:
        return ""


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _disk() -> str:
    mounts = [
        part for part in psutil.disk_partitions(all=True) if str(REPOSITORY).startswith(part.mountpoint)
    ]
    best = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    return f"{best.fstype} on {best.device}" if best else "unknown"


def _peer_versions() -> dict[str, str]:
    script = "import importlib.metadata as m, sys\nfor n in sys.argv[1:]: print(n, m.version(n))"
    lines = _output([bench_python(), "-c", script, *_PEERS]).splitlines()
    return {name: number for name, _, number in (line.partition(" ") for line in lines)}
