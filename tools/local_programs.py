"""The programs of a hub on this machine, with their settings; the outside systems are their stand-ins."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.participants.admission import GATEWAY
from tools.local_site import ADAPTERS, Program, Site

DEPLOY = Path(__file__).resolve().parents[1] / "deploy" / "hub"
HUB_USER, PAGE_USER = "hub", "hub.page"
PKI_PASSWORD = "sandbox"  # noqa: S105  of synthetic keys that only this machine believes
Variables = Mapping[str, str]
_OWN_NAME = {"HUB_ENGINE__INSTANCE": "make-up-1"}
"""So that an engine with the default name, started by hand, works beside it."""


def programs(site: Site, servers: Variables, key: Variables) -> list[Program]:
    """Everything but the page, in the order of the start; `servers` reaches Kafka and PostgreSQL."""
    documents = {"HUB_DOCUMENTS__FOLDER": str(site.folder / "documents")}
    trust = {"HUB_SIGNING__TRUST_FOLDER": str(site.folder / "pki" / "trust")}
    own = {"population": _population(site), "postal": _postal(site), "portal": {**_portal(site), **documents}}
    store_key = Path(key["HUB_MASTER_KEY_FILE"]).with_name("store.key")
    reports_key = {"HUB_DELIVERY__KEY_FILE": str(store_key.with_name("reports.key"))}
    door = {"HUB_GATEWAY__PORT": str(site.ports()["gateway"]), "HUB_STORE_KEY_FILE": str(store_key)}
    return [
        *_sandboxes(site),
        Program(
            "engine-1",
            ("hub", "run", "engine"),
            {**_as_user(site, servers, HUB_USER), **key, **documents, **trust, **_OWN_NAME},
        ),
        *(
            Program(
                f"adapter-{name}",
                ("hub", "run", "adapter", name),
                _as_user(site, servers, name) | reports_key | own[name],
            )
            for name in ADAPTERS
        ),
        Program("gateway", ("hub", "run", "gateway"), _as_user(site, servers, GATEWAY) | documents | door),
    ]


def page(site: Site, servers: Variables) -> Program:
    """The page of links; it is started last, because the others' logs name their ports."""
    path = site.folder / "links.json"
    path.write_text(json.dumps(_links(site)), "utf-8")
    port = str(site.ports()["page"])
    command = (sys.executable, "-m", "tools.site_page", "--port", port, "--links", str(path))
    return Program("page", command, _as_user(site, servers, PAGE_USER))


def user_of_program(name: str) -> str | None:
    """The user as whom a program of this name comes to the broker; a stand-in does not."""
    if name.startswith("adapter-"):
        return name.removeprefix("adapter-")
    return {"gateway": GATEWAY, "page": PAGE_USER, "engine-1": HUB_USER}.get(name)


def _as_user(site: Site, servers: Variables, name: str) -> dict[str, str]:
    password = str(site.credentials / f"{name}.password")
    return {**servers, "HUB_KAFKA__USER": name, "FILE__HUB_KAFKA__PASSWORD": password}


def _sandboxes(site: Site) -> list[Program]:
    modules = {"population": "population_db", "postal": "postal", "portal": "national_portal"}
    called = f"{_address(site, 'portal-door')}/XrdAdapter/RestService/forward"
    more = {"portal": ("--door", called)}
    return [
        Program(
            f"sandbox-{name}",
            (
                *(sys.executable, "-m", f"adapters.{modules[name]}.sandbox"),
                *("--port", str(site.ports()[name]), "--journal", str(site.folder / f"{name}.jsonl")),
                *more.get(name, ()),
            ),
            {},
            has_health=False,
        )
        for name in ADAPTERS
    ]


def _population(site: Site) -> dict[str, str]:
    return {
        "HUB_POPULATION_SERVICE_URL": f"{_address(site, 'population')}/csdldc/congdan",
        "HUB_POPULATION_X_ROAD_CLIENT": "VN/GOV/000.00.00.H07/hub",
        "HUB_POPULATION_USER": "sandbox-user",
        "HUB_POPULATION_SECRET_KEY": "sandbox-secret",
        "HUB_POPULATION_RIGHTS_FILE": str(DEPLOY / "population-rights.sandbox.json"),
    }


def _postal(site: Site) -> dict[str, str]:
    return {
        "HUB_POSTAL_TOKEN_URL": f"{_address(site, 'postal')}/token",
        "HUB_POSTAL_BASE_URL": f"{_address(site, 'postal')}/apiVNPostNGSP/p1.0",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "SANDBOX01",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
    }


def _portal(site: Site) -> dict[str, str]:
    return {
        "HUB_PORTAL_BASE_URL": _address(site, "portal"),
        "HUB_PORTAL_USERNAME": "sandbox",
        "HUB_PORTAL_PASSWORD": "sandbox-password",
        "HUB_PORTAL_UNIT": "000.00.00.H07",
        "HUB_PORTAL_DOOR__PORT": str(site.ports()["portal-door"]),
        "HUB_PORTAL_LINKS__PUBLIC_URL": _address(site, "portal-door"),
        "FILE__HUB_PORTAL_LINKS__KEY": site.kept_secret("portal_links_key"),
        "FILE__HUB_PORTAL_RECORD_KEY": site.kept_secret("portal_record_key"),
        "HUB_PORTAL_PAYMENT__PARTNER": "BENTRE",
        "HUB_PORTAL_PAYMENT__SECRET": "sandbox-secret-of-the-payment-platform",
    }


def _address(site: Site, name: str) -> str:
    return f"http://127.0.0.1:{site.ports()[name]}"


def _links(site: Site) -> dict[str, dict[str, str]]:
    """Addresses by title, by heading."""
    found = {name: port for name in site.records() if (port := site.health_port(name)) and name != "page"}
    return {
        "Contract": {
            "AsyncAPI document of topics and messages": "/asyncapi.json",
            "OpenAPI document of the gateway": f"{_address(site, 'gateway')}/openapi.json",
        },
        "Metrics": {name: f"http://127.0.0.1:{port}/metrics" for name, port in found.items()},
        "Ready?": {name: f"http://127.0.0.1:{port}/readyz" for name, port in found.items()},
        "Stand-ins of the outside systems": {
            **{name: f"{_address(site, name)}/_health" for name in ADAPTERS},
            "persons whom population knows": f"{_address(site, 'population')}/_people",
        },
    }
