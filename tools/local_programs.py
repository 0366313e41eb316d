"""The programs of a hub on this machine, with their settings; the outside systems are their stand-ins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from hub.delivery.service import Service, StandIn, chosen, filled
from hub.participants.admission import GATEWAY
from tools.adapter_services import parts
from tools.local_site import STAND_IN, Program, Site

REPOSITORY = Path(__file__).resolve().parents[1]
DEPLOY = REPOSITORY / "deploy" / "hub"
HUB_USER, PAGE_USER, PUBLIC_USER = "hub", "hub.page", "public"
PKI_PASSWORD = "sandbox"  # noqa: S105  of synthetic keys that only this machine believes
Variables = Mapping[str, str]
_OWN_NAME = {"HUB_ENGINE__INSTANCE": "make-up-1"}
"""So that an engine with the default name, started by hand, works beside it."""


def programs(site: Site, servers: Variables, key: Variables) -> list[Program]:
    """Everything but the page, in the order of the start; `servers` reaches Kafka and PostgreSQL."""
    documents = _documents(site)
    trust = {"HUB_SIGNING__TRUST_FOLDER": str(site.folder / "pki" / "trust")}
    reports_key = {"HUB_DELIVERY__KEY_FILE": str(Path(key["HUB_MASTER_KEY_FILE"]).with_name("reports.key"))}
    door = {"HUB_GATEWAY__PORT": str(site.port("gateway"))} | _store_key(key)
    return [
        *(
            _stand_in(site, declared.name, service, service.sandbox)
            for declared, service in parts()
            if service.sandbox is not None
        ),
        Program(
            "engine-1",
            ("hub", "run", "engine"),
            {**_as_user(site, servers, HUB_USER), **key, **documents, **trust, **_OWN_NAME},
        ),
        *(
            Program(
                f"adapter-{declared.name}",
                ("hub", "run", "adapter", declared.name),
                _as_user(site, servers, declared.name)
                | reports_key
                | ({**key, **public_url(site)} if service.opens_facts else {})
                | _own(site, declared.name, service),
            )
            for declared, service in parts()
        ),
        Program("gateway", ("hub", "run", "gateway"), _as_user(site, servers, GATEWAY) | documents | door),
        Program("public", ("hub", "run", "public"), _public(site, servers, key)),
    ]


def page(site: Site, servers: Variables, key: Variables) -> Program:
    """The page; it reads the store as operators' commands do, and opens nothing that is sealed."""
    command = (
        sys.executable,
        "-m",
        "tools.site_page",
        "--port",
        str(site.port("page")),
        "--home",
        str(site.home),
    )
    return Program("page", command, _as_user(site, servers, PAGE_USER) | _store_key(key))


def _public(site: Site, servers: Variables, key: Variables) -> dict[str, str]:
    """The page for everybody, a participant of its own."""
    own = _as_user(site, servers, PUBLIC_USER) | _store_key(key)
    return own | {"HUB_PUBLIC__PORT": str(site.port("public"))} | public_url(site)


def public_url(site: Site) -> dict[str, str]:
    """Where everybody looks dossiers up, as Form 01 says it."""
    return {"HUB_PUBLIC__URL": site.address("public")}


def _store_key(key: Variables) -> dict[str, str]:
    return {"HUB_STORE_KEY_FILE": str(Path(key["HUB_MASTER_KEY_FILE"]).with_name("store.key"))}


def user_of_program(name: str) -> str | None:
    """The user as whom a program of this name comes to the broker; a stand-in does not."""
    if name.startswith("adapter-"):
        return name.removeprefix("adapter-")
    return {"gateway": GATEWAY, "page": PAGE_USER, "engine-1": HUB_USER, "public": PUBLIC_USER}.get(name)


def _as_user(site: Site, servers: Variables, name: str) -> dict[str, str]:
    password = str(site.credentials / f"{name}.password")
    return {**servers, "HUB_KAFKA__USER": name, "FILE__HUB_KAFKA__PASSWORD": password}


def _stand_in(site: Site, name: str, service: Service, sandbox: StandIn) -> Program:
    places = _places(site, name, service)
    return Program(
        STAND_IN + name,
        (
            *(sys.executable, "-m", sandbox.module),
            *("--port", str(site.port(name)), "--journal", str(site.folder / f"{name}.jsonl")),
            *(filled(argument, places) for argument in sandbox.arguments),
        ),
        {},
        has_health=False,
    )


def _own(site: Site, name: str, service: Service) -> dict[str, str]:
    """Settings of an adapter that works with its stand-in."""
    places, sandbox = _places(site, name, service), service.sandbox
    choices = sandbox.choices if sandbox is not None else {}
    own = {variable: filled(chosen(text, choices), places) for variable, text in service.settings.items()}
    for variable, secret in service.secrets.items():
        if secret.sandbox is None:
            own[f"FILE__{variable}"] = site.kept_secret(secret.name)
        else:
            own[variable] = secret.sandbox
    if service.reads_documents:
        own |= _documents(site)
    return own


def _places(site: Site, name: str, service: Service) -> dict[str, str]:
    places = {"host": "127.0.0.1", "sandbox": site.address(name)}
    if service.door_port is not None:
        door = f"{name}-door"
        places |= {"door": site.address(door), "door_port": str(site.port(door))}
    for other in service.sandbox.ports if service.sandbox is not None else ():
        places[f"{other}_port"] = str(site.port(f"{name}-{other}"))
    if service.files:
        places["files"] = str(REPOSITORY / Path(service.files[0]).parent)
    return places


def _documents(site: Site) -> dict[str, str]:
    return {"HUB_DOCUMENTS__FOLDER": str(site.folder / "documents")}
