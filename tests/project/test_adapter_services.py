"""The parts of a site's files that are written from the declarations of adapters."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hub.delivery.declaration import AdapterDeclaration
from hub.delivery.service import Secret, Service, StandIn, chosen, filled
from tools import adapter_services
from tools.adapter_services import BEGIN, END, put

SERVICE = Service(
    settings={
        "HUB_TAX_URL": "${TAX_URL:-[sandbox]/notices}",
        "HUB_TAX_DOOR__PORT": "[door_port]",
        "HUB_TAX_IS_CAREFUL": "yes",
        "HUB_TAX_FILE": "[files]/${TAX_FILE:-codes.toml}",
    },
    secrets={"HUB_TAX_KEY": Secret("tax_key", "key")},
    sandbox=StandIn("tax.sandbox", 8090, ("--door=[door]/calls",), {"TAX_FILE": "few.toml"}),
    door_port=8091,
    files=("adapters/tax/site/codes.toml",),
)
TAX = AdapterDeclaration(
    name="tax", role="agency", settings_prefix="HUB_TAX_", factory="tax.app:build", service=SERVICE
)


def test_a_service_and_its_stand_in_are_written_as_compose_reads_them() -> None:
    anchors = "x-hub: &hub {image: i}\nx-servers: &servers {HUB_HTTP_PORT: '8080'}\n"
    services = yaml.safe_load(anchors + "\n".join(adapter_services.compose_services([(TAX, SERVICE)])))
    adapter, stand_in = services["adapter-tax"], services["sandbox-tax"]
    assert adapter["command"] == ["hub", "run", "adapter", "tax"]
    assert adapter["environment"] == {
        "HUB_HTTP_PORT": "8080",
        "HUB_KAFKA__USER": "tax",
        "FILE__HUB_KAFKA__PASSWORD": "/var/lib/hub/credentials/tax.password",
        "HUB_DELIVERY__INSTANCE": "tax-1",
        "HUB_DELIVERY__KEY_FILE": "/var/lib/hub/credentials/reports.key",
        "HUB_TAX_URL": "${TAX_URL:-http://127.0.0.1:8090/notices}",
        "HUB_TAX_DOOR__PORT": "8091",
        "HUB_TAX_IS_CAREFUL": "yes",
        "HUB_TAX_FILE": "/etc/hub/${TAX_FILE:-codes.toml}",
        "FILE__HUB_TAX_KEY": "/run/secrets/tax_key",
    }
    assert adapter["secrets"] == ["postgres_password", "tax_key"]
    assert adapter["volumes"][1] == "./adapters/tax/site/codes.toml:/etc/hub/codes.toml:ro"
    assert adapter["ports"] == ["127.0.0.1:8091:8091"]
    assert stand_in["command"][2:] == [
        "tax.sandbox",
        "--port=8090",
        "--journal=/var/lib/hub/sandbox/tax.jsonl",
        "--door=http://127.0.0.1:8091/calls",
    ]
    assert stand_in["network_mode"] == "service:adapter-tax"


def test_a_value_is_that_of_the_site_or_the_default_with_its_places_filled_in() -> None:
    value = SERVICE.settings["HUB_TAX_FILE"]
    assert filled(chosen(value, {}), {"files": "/f"}) == "/f/codes.toml"
    assert filled(chosen(value, {"TAX_FILE": "few.toml"}), {"files": "/f"}) == "/f/few.toml"


def test_only_what_stands_between_the_marks_is_written_with_their_indent() -> None:
    text = f"services:\n  {BEGIN}\n  old: 1\n  {END}\n  kept: 2\n"
    assert put(text, [["new: 3"]]) == f"services:\n  {BEGIN}\n  new: 3\n  {END}\n  kept: 2\n"
    assert adapter_services.without(text) == f"services:\n  {BEGIN}\n  {END}\n  kept: 2\n"
    with pytest.raises(ValueError, match="1 pairs of marks, not 2"):
        put(text, [[], []])


def test_a_file_that_differs_from_the_declarations_is_told_and_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(f"{BEGIN}\nadapter-gone: 1\n{END}\n", "utf-8")
    monkeypatch.setattr(adapter_services, "written", lambda: {file: [["adapter-tax: 1"]]})
    assert adapter_services.main(["--check"]) == 1
    assert f"{file} differs from the declarations of the adapters" in capsys.readouterr().err
    assert "adapter-gone" in file.read_text("utf-8")
    assert adapter_services.main([]) == 0
    assert file.read_text("utf-8") == f"{BEGIN}\nadapter-tax: 1\n{END}\n"
    assert adapter_services.main(["--check"]) == 0
