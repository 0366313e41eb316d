"""The folder of a hub on this machine: its secrets, ports and logs, and the processes that were started."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.embedded.process import free_port
from hub.embedded.state import ServerRecord

STAND_IN = "sandbox-"
"""What the names of the stand-ins' processes begin with; the adapter's name follows."""
_HEALTH_READY = "health_ready"


@dataclass(frozen=True, slots=True)
class Program:
    """One process: its name, its command, and its variables; secrets among them are `FILE__` paths."""

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str]
    has_health: bool = True


class Site:
    """The folder of the hub's own files and the processes that were started from it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "site"
        self.credentials = self.folder / "credentials"
        self._records = self.folder / "processes.json"

    def records(self) -> dict[str, ServerRecord]:
        """What was started, by name."""
        if not self._records.exists():
            return {}
        return {
            name: ServerRecord.model_validate(record)
            for name, record in json.loads(self._records.read_text("utf-8")).items()
        }

    def remember(self, records: Mapping[str, ServerRecord]) -> None:
        """Write what is running, so that a killed launcher leaves nothing unknown behind."""
        draft = self._records.with_suffix(".draft")
        draft.write_text(json.dumps({name: record.model_dump() for name, record in records.items()}), "utf-8")
        draft.replace(self._records)

    def note_checkout(self, root: Path) -> None:
        """Where the programs come from: `hub sandbox` finds its own there."""
        found = {"root": str(root), "python": sys.executable}
        (self.folder / "checkout.json").write_text(json.dumps(found), "utf-8")

    def log(self, name: str) -> Path:
        """The log of one program."""
        return self.folder / "log" / f"{name}.log"

    def secret(self, name: str, text: str) -> str:
        """Keep a secret in a file of its owner; returns the path."""
        path = self.credentials / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        return str(path)

    def kept_secret(self, name: str) -> str:
        """The path of a secret that is drawn once."""
        path = self.credentials / name
        return str(path) if path.exists() else self.secret(name, secrets.token_hex(24))

    def port(self, name: str) -> int:
        """A port that others must find again, chosen once and remembered."""
        path = self.folder / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if name not in ports:
            ports[name] = free_port(set(ports.values()))
            path.write_text(json.dumps(ports), "utf-8")
        return ports[name]

    def address(self, name: str) -> str:
        """Where a program with a remembered port is reached."""
        return f"http://127.0.0.1:{self.port(name)}"

    def health_port(self, name: str) -> int | None:
        """Where the program says that it serves metrics and health."""
        if not self.log(name).exists():
            return None
        with self.log(name).open(encoding="utf-8", errors="replace") as lines:
            said = (json.loads(line) for line in lines if line.startswith("{") and _HEALTH_READY in line)
            return next((int(line["port"]) for line in said if line.get("action") == _HEALTH_READY), None)

    def health_url(self, name: str) -> str | None:
        """Where the program says how it is; None as long as it does not say where."""
        if name.startswith(STAND_IN):
            return f"{self.address(name.removeprefix(STAND_IN))}/_health"
        port = self.health_port(name)
        return f"http://127.0.0.1:{port}/readyz" if port is not None else None
