"""Writes what files of a site say of adapters: `python -m tools.adapter_services [--check]`.

From the declarations of the adapters of this repository, between two marks in each file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hub.delivery.declaration import AdapterDeclaration, declarations
from hub.delivery.service import Secret, Service, StandIn, filled
from hub.installed import adapter_points

BEGIN = "# Adapters, by `python -m tools.adapter_services`; do not edit."
END = "# End of the adapters."
_DISTRIBUTION = "onestop-hub"
_PLAIN = re.compile(r"[A-Za-z/$][^#]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null"})
_CREDENTIALS = "/var/lib/hub/credentials"

Part = tuple[AdapterDeclaration, Service]


def parts() -> list[Part]:
    """The adapters of this repository that run as services, by name."""
    ours = {
        name
        for name, point in adapter_points().items()
        if point.dist is not None and point.dist.name == _DISTRIBUTION
    }
    found = declarations()
    return [(found[name], service) for name in sorted(ours) if (service := found[name].service) is not None]


def compose_services(known: Iterable[Part]) -> Iterator[str]:
    """The services of docker-compose.yml."""
    for declared, service in known:
        yield from _service(declared.name, service)
        yield ""
    yield "# The stand-ins listen on loopback only, so each shares the network of its adapter."
    for declared, service in known:
        if service.sandbox is not None:
            yield from _stand_in(declared.name, service, service.sandbox)
            yield ""


def _service(name: str, service: Service) -> Iterator[str]:
    secrets = ["postgres_password", *(secret.name for secret in service.secrets.values())]
    yield f"adapter-{name}:"
    yield "  <<: *hub"
    yield f"  command: [hub, run, adapter, {name}]"
    yield "  environment:"
    yield "    <<: *servers"
    yield from (f"    {variable}: {_scalar(value)}" for variable, value in _environment(name, service))
    yield f"  secrets: [{', '.join(secrets)}]"
    yield "  volumes:"
    yield "    - credentials:/var/lib/hub/credentials:ro"
    if service.opens_facts:
        yield "    - keys:/var/lib/hub/keys:ro"
    if service.reads_documents:
        yield "    - documents:/var/lib/hub/documents"
    yield from (f"    - ./{path}:/etc/hub/{Path(path).name}:ro" for path in service.files)
    if service.door_port is not None:
        yield f'  ports: ["127.0.0.1:{service.door_port}:{service.door_port}"]'


def _environment(name: str, service: Service) -> Iterator[tuple[str, str]]:
    yield "HUB_KAFKA__USER", name
    yield "FILE__HUB_KAFKA__PASSWORD", f"{_CREDENTIALS}/{name}.password"
    yield "HUB_DELIVERY__INSTANCE", f"{name}-1"
    yield "HUB_DELIVERY__KEY_FILE", f"{_CREDENTIALS}/reports.key"
    if service.opens_facts:
        yield "HUB_MASTER_KEY_FILE", "/var/lib/hub/keys/master.key"
        yield "HUB_PUBLIC__URL", "${PUBLIC_URL:-https://localhost:8444}"
    if service.reads_documents:
        yield "HUB_DOCUMENTS__FOLDER", "/var/lib/hub/documents"
    places = _places(service)
    yield from ((variable, filled(value, places)) for variable, value in service.settings.items())
    yield from (
        (f"FILE__{variable}", f"/run/secrets/{one.name}") for variable, one in service.secrets.items()
    )


def _places(service: Service) -> dict[str, str]:
    places = {"host": "0.0.0.0", "files": "/etc/hub"}  # noqa: S104  inside of its container
    if service.sandbox is not None:
        places["sandbox"] = f"http://127.0.0.1:{service.sandbox.port}"
        places |= {f"{name}_port": str(port) for name, port in service.sandbox.ports.items()}
    if service.door_port is not None:
        places |= {"door": f"http://127.0.0.1:{service.door_port}", "door_port": str(service.door_port)}
    return places


def _stand_in(name: str, service: Service, sandbox: StandIn) -> Iterator[str]:
    command = (
        *(
            "python",
            "-m",
            sandbox.module,
            f"--port={sandbox.port}",
            f"--journal=/var/lib/hub/sandbox/{name}.jsonl",
        ),
        *(filled(argument, _places(service)) for argument in sandbox.arguments),
    )
    yield f"sandbox-{name}:"
    yield "  <<: *hub"
    yield "  profiles: [sandbox]"
    yield "  command:"
    yield from (f"    - {argument}" for argument in command)
    yield f"  network_mode: service:adapter-{name}"
    yield f"  depends_on: [adapter-{name}]"
    yield "  volumes: [sandbox:/var/lib/hub/sandbox]"
    yield "  healthcheck: {disable: true}"


def _scalar(value: str) -> str:
    is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and ": " not in value
    return value if is_plain else json.dumps(value)


def secrets_of(known: Iterable[Part]) -> list[Secret]:
    """All secrets, in the order of the adapters."""
    return [secret for _, service in known for secret in service.secrets.values()]


def written() -> dict[Path, list[Sequence[str]]]:
    """What stands between each pair of marks, by file, in the order of the pairs."""
    known, secrets = parts(), secrets_of(parts())
    targets = ", ".join(f'"adapter-{declared.name}:8080"' for declared, _ in known)
    files = [f"{one.name}: {{file: ./deploy/secrets/{one.name}}}" for one in secrets]
    return {
        Path("docker-compose.yml"): [list(compose_services(known))[:-1], files],
        Path("docker-compose.three-brokers.yml"): [[f"adapter-{one.name}: *hub" for one, _ in known]],
        Path("deploy/prometheus/prometheus.yml"): [[f"- targets: [{targets}]", "  labels: {role: adapter}"]],
        Path("deploy/make-secrets.sh"): [[
            'drawn="', *(one.name for one in secrets if one.sandbox is None), '"',
            'given="', *(f"{one.name}={one.sandbox}" for one in secrets if one.sandbox is not None), '"',
        ]],
    }  # fmt: skip


def put(text: str, bodies: Sequence[Sequence[str]]) -> str:
    """The text with what stands between its marks replaced; the marks' indent is that of the lines."""
    marked = re.compile(rf"^( *){re.escape(BEGIN)}\n.*?^ *{re.escape(END)}\n", re.MULTILINE | re.DOTALL)
    rest = iter(bodies)

    def replaced(found: re.Match[str]) -> str:
        lines = (BEGIN, *next(rest), END)
        return "".join(f"{found[1]}{line}\n" if line else "\n" for line in lines)

    changed, count = marked.subn(replaced, text)
    if count != len(bodies):
        raise ValueError(f"{count} pairs of marks, not {len(bodies)}")
    return changed


def without(text: str) -> str:
    """The text without what stands between its marks."""
    return put(text, [()] * text.count(BEGIN))


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with `--check` say which differ; the exit status."""
    status = 0
    for path, bodies in written().items():
        text = path.read_text("utf-8")
        wanted = put(text, bodies)
        if wanted == text:
            continue
        if "--check" in arguments:
            sys.stderr.write(f"{path} differs from the declarations of the adapters: run `make docs`\n")
            status = 1
        else:
            path.write_text(wanted, "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
