"""docker-compose.yml: valid, safe by its own rules, and each service starts with what stands there."""

from __future__ import annotations

import copy
import json
import shutil
import ssl
import stat
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from confluent_kafka.admin import AdminClient
from jsonschema import Draft7Validator, ValidationError

from hub.embedded.stack import StackAddress
from tests.integration.project.compose_site import BROKERS, COMPOSE, ENTRYPOINT, THREE, Site, hub_services
from tests.support.stack import REPOSITORY, own_database

pytestmark = pytest.mark.long

SPECIFICATION = json.loads((Path(__file__).parent / "compose_spec" / "compose-spec.json").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROMETHEUS = REPOSITORY / "deploy" / "prometheus"


@pytest.fixture
async def site(stack: StackAddress, tmp_path: Path) -> AsyncIterator[Site]:
    async with own_database(stack) as dsn:
        place = Site(tmp_path, dsn)
        try:
            yield place
        finally:
            place.close()


def test_the_file_follows_the_compose_specification() -> None:
    Draft7Validator(SPECIFICATION).validate(COMPOSE)


def test_the_specification_refuses_a_misspelt_key() -> None:
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["kafka"]["enviroment"] = {}
    with pytest.raises(ValidationError):
        Draft7Validator(SPECIFICATION).validate(wrong)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_is_limited_and_watched_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["logging"]["options"]["max-size"]
    check = service["healthcheck"]
    assert check.get("disable") is True or {"test", "interval", "timeout", "retries"} <= check.keys()
    assert check.get("disable") is not True or name == "setup" or service["profiles"] == ["sandbox"]


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            is_secret = any(word in variable for word in ("PASSWORD", "SECRET", "_KEY"))
            assert not is_secret or value.startswith(("/run/secrets/", "/var/lib/hub/")), (
                f"{name}: {variable}"
            )


def test_the_secrets_are_those_that_the_script_makes(tmp_path: Path) -> None:
    script = Path(shutil.copy(REPOSITORY / "deploy" / "make-secrets.sh", tmp_path))
    subprocess.run(["sh", str(script)], check=True, stdout=subprocess.DEVNULL)
    made = tmp_path / "secrets"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} == {
        p.name for p in made.iterdir()
    }
    assert len((made / "postgres_password").read_text("utf-8")) == 48
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    subprocess.run(["sh", str(script)], check=True, stdout=subprocess.DEVNULL)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_what_is_mounted_from_the_repository_is_there() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    files = [mount for mount in mounts if mount.startswith("./")]
    assert files
    assert [name for name in files if not (REPOSITORY / name).exists()] == []
    assert {mount for mount in mounts if not mount.startswith("./")} == COMPOSE["volumes"].keys()


def test_the_image_holds_what_the_commands_name_and_does_not_run_as_root() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text("utf-8").splitlines()
    assert 'ENTRYPOINT ["hub-entrypoint"]' in lines
    assert f"COPY --chmod=0755 {ENTRYPOINT.relative_to(REPOSITORY)} /usr/local/bin/hub-entrypoint" in lines
    assert "COPY deploy/hub/set_up_site.py /opt/hub/set_up_site.py" in lines
    assert [line for line in lines if line.startswith("USER")] == ["USER hub"]


def test_the_entrypoint_names_a_secret_that_it_cannot_read() -> None:
    environment = {"PATH": "/usr/bin:/bin", "FILE__HUB_KAFKA__PASSWORD": "/nowhere/password"}
    done = subprocess.run(
        ["sh", str(ENTRYPOINT), "true"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "hub-entrypoint: FILE__HUB_KAFKA__PASSWORD: cannot read /nowhere/password\n"


def test_the_wheel_of_the_image_holds_every_file_that_the_code_reads(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for package in ("hub", "adapters", "schemas"):
        shutil.copytree(REPOSITORY / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    packed = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    kinds = {".py", ".sql", ".toml", ".json", ".jsonl", ".lock"}
    wanted = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("hub", "adapters", "schemas")
        for path in (REPOSITORY / package).rglob("*")
        if path.suffix in kinds
    }
    assert wanted - packed == set()


async def test_each_hub_service_starts_as_written_on_the_broker_as_written(site: Site) -> None:
    site.start_kafka()
    await site.kafka_is_up()
    credentials = site.folder / "lib" / "credentials"
    for _ in range(2):
        site.start("setup")
        assert await site.ended("setup") == 0, site.output("setup")
    kept = {line.split(":")[0] for line in site.output("setup").splitlines() if "has its password" in line}
    assert kept == {"hub", "hub.gateway", "notices", "population", "portal", "postal", "public", "typesetter"}
    assert site.output("setup").count("has its certificate") == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in credentials.iterdir()} == {0o600}

    sandboxes = {
        "sandbox-notices": "8085", "sandbox-population": "8081", "sandbox-postal": "8082",
        "sandbox-portal": "8083",
    }  # fmt: skip
    for name in sandboxes:
        site.start(name)
    for name, port in sandboxes.items():
        await site.listening(name, port)
    watched = [name for name, service in hub_services().items() if "test" in service["healthcheck"]]
    assert watched == [
        "engine-1", "engine-2", "gateway", "public", "adapter-notices", "adapter-population",
        "adapter-portal", "adapter-postal", "adapter-typesetter",
    ]  # fmt: skip
    for name in watched:
        site.start(name)
    for name in watched:
        await site.ready(name)
        assert site.health(name).returncode == 0
    await site.listening("adapter-portal", "8084")
    assert await the_gateway_answers(site)
    for name in watched:
        site.terminate(name)
    for name in watched:
        assert await site.stopped(name) == 0, site.output(name)
        assert site.health(name).returncode != 0


async def test_three_brokers_start_as_written_and_keep_three_copies(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_database(stack) as dsn:
        site = Site(tmp_path, dsn, has_three_brokers=True)
        try:
            for name in BROKERS:
                site.start_kafka(name)
            for name in BROKERS:
                await site.kafka_is_up(name)
            site.start("setup")
            assert await site.ended("setup") == 0, site.output("setup")
            site.start("engine-1")
            await site.ready("engine-1")
            assert copies(site) == {(3, 3)}
        finally:
            site.close()


def copies(site: Site) -> set[tuple[int, int]]:
    """How many brokers hold each partition, and how many of them are in step."""
    admin = AdminClient(
        {
            "bootstrap.servers": site.kafka,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": site.secret("kafka_admin_password"),
        }
    )
    topics = admin.list_topics(timeout=10).topics
    assert {"in.hub", "out.portal", "__consumer_offsets"} <= topics.keys()
    return {(len(p.replicas), len(p.isrs)) for topic in topics.values() for p in topic.partitions.values()}


def test_three_brokers_are_the_one_three_times_and_all_of_the_hub_knows_them() -> None:
    services = THREE["services"]
    Draft7Validator(SPECIFICATION).validate(THREE)
    one = SERVICES["kafka"]
    for name in BROKERS[1:]:
        same = {
            key: value
            for key, value in services[name].items()
            if key not in ("environment", "volumes", "ports")
        }
        assert same == {key: one[key] for key in same}
        assert same.keys() | {"environment", "volumes", "ports"} == one.keys()
        assert [port[:10] for port in services[name]["ports"]] == ["127.0.0.1:"]
    clients = {
        name
        for name, service in hub_services().items()
        if "HUB_KAFKA__BOOTSTRAP" in service.get("environment", {})
    }
    assert clients == services.keys() - set(BROKERS)
    for name in clients:
        assert services[name]["environment"]["HUB_KAFKA__BOOTSTRAP"].count(":9092") == 3
    for mount in (mount for name in BROKERS[1:] for mount in services[name]["volumes"]):
        assert mount.startswith("./deploy/") or mount.split(":")[0] in THREE["volumes"]


async def the_gateway_answers(site: Site) -> bool:
    """Over TLS with the certificate that the set-up made, and to nobody without a token."""
    trust = ssl.create_default_context(cafile=str(site.folder / "lib" / "credentials" / "gateway.pem"))
    base = f"https://localhost:{site.here('8443')}"
    async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
        document = await client.get(f"{base}/openapi.json")
        stranger = await client.get(f"{base}/v1/messages")
    return (document.status_code, stranger.status_code) == (200, 401)


@pytest.mark.needs("promtool")
def test_prometheus_takes_its_configuration_and_the_alerts_do_what_they_say(tmp_path: Path) -> None:
    rules = PROMETHEUS / "rules" / "hub.yml"
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(text.replace("/etc/prometheus/rules", str(rules.parent)), "utf-8")
    _promtool("check", "config", str(configuration))
    _promtool("check", "rules", str(rules))
    _promtool("test", "rules", str(PROMETHEUS / "tests" / "hub_test.yml"))


def test_prometheus_scrapes_every_process_that_has_metrics() -> None:
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"]: job["static_configs"] for job in configuration["scrape_configs"]}
    targets = {target for group in jobs["hub"] for target in group["targets"]}
    watched = {name for name, service in hub_services().items() if "test" in service["healthcheck"]}
    assert targets == {f"{name}:8080" for name in watched}


def _promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
