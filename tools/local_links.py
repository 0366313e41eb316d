"""Where what runs on this machine is looked at: addresses by title, by heading, in step with its ports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.adapter_services import parts
from tools.local_site import Site

REPOSITORY = Path(__file__).resolve().parents[1]
_NAMED = 10


def links(site: Site) -> dict[str, dict[str, str]]:
    """Addresses by title, by heading."""
    found = {name: port for name in site.records() if (port := site.health_port(name)) and name != "page"}
    return {
        "Hợp đồng dữ liệu · Contract": {
            "AsyncAPI document of topics and messages": "/asyncapi.json",
            "OpenAPI document of the gateway": f"{site.address('gateway')}/openapi.json",
        },
        "Trang công khai · Page for everybody": {
            "Tra cứu hồ sơ · Look-up of dossiers": f"{site.address('public')}/tra-cuu",
        },
        "Hệ thống giả lập · Stand-ins of the outside systems": {
            title: address
            for declared, service in parts()
            if (sandbox := service.sandbox) is not None
            for title, address in {
                declared.name: site.address(declared.name) + "/_health",
                **{title: site.address(declared.name) + path for title, path in sandbox.pages.items()},
                **(
                    {f"licences of {declared.name}": f"/licences/{declared.name}"} if sandbox.licences else {}
                ),
            }.items()
        },
        "Số đo · Metrics": {name: f"http://127.0.0.1:{port}/metrics" for name, port in found.items()},
        "Sẵn sàng? · Ready?": {name: f"http://127.0.0.1:{port}/readyz" for name, port in found.items()},
    }


def licence_files() -> dict[str, Path]:
    """What each stand-in may be asked by its adapter: the file, by the adapter's name."""
    return {
        declared.name: REPOSITORY / service.sandbox.licences
        for declared, service in parts()
        if service.sandbox is not None and service.sandbox.licences
    }


def licence_lines() -> Iterator[str]:
    """A line for each stand-in that answers by licence: for whom, and who is known to it."""
    for name, path in licence_files().items():
        licensed: Mapping[str, Mapping[str, object]] = json.loads(path.read_text("utf-8"))
        parts_of_it = ", ".join(
            f"{what} {', '.join(found) if len(found) < _NAMED else len(found)}"
            for what, found in licensed.items()
        )
        yield f"stand-in {name} answers for: {parts_of_it} ({path.relative_to(REPOSITORY)})"
