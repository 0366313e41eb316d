"""Settings of each program as environment variables; waits are short, because a week lasts a minute here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from hub.embedded.stack import StackAddress
from hub.participants.admission import GATEWAY

OFFICER = {"account": "mot-cua-gia", "name": "Cán Bộ Một Cửa Giả Định"}
STRANGER = {"account": "khong-co-quyen", "name": "Cán Bộ Chưa Được Cấp Quyền"}
ATTEMPTS = 4
"""Calls without effect before an adapter gives up."""
_CUSTOMER = "SANDBOX01"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """The stand-in of the postal operator."""

    root: str

    @property
    def token(self) -> str:
        """Where tokens are given."""
        return f"{self.root}/token"

    @property
    def base(self) -> str:
        """What stands before `/order/post`."""
        return f"{self.root}/apiVNPostNGSP/p1.0"


def hub(address: StackAddress, key_file: Path, password: str) -> dict[str, str]:
    """Every process of the hub."""
    return {
        "HUB_ENVIRONMENT": "test",
        "HUB_MASTER_KEY_FILE": str(key_file),
        "HUB_POSTGRES__DSN": address.postgres_dsn,
        "HUB_KAFKA__BOOTSTRAP": address.kafka_hub_bootstrap,
        "HUB_KAFKA__USER": "hub",
        "HUB_KAFKA__PASSWORD": password,
        "HUB_SHARDS": "4",
        "HUB_ENGINE__SESSION_TIMEOUT_MS": "3000",
        "HUB_ENGINE__FETCH_WAIT_MS": "50",
    }


def documents(folder: Path) -> dict[str, str]:
    """Where scans lie and whom the hub believes: engines, gateway and the portal's adapter alike."""
    return {
        "HUB_DOCUMENTS__FOLDER": str(folder / "documents"),
        "HUB_SIGNING__TRUST_FOLDER": str(folder / "pki" / "trust"),
    }


def regulation(folder: Path) -> dict[str, str]:
    """The law that comes beside the hub's own: every process of the hub."""
    return {"HUB_REGULATION": str(folder / "regulation")}


def adapter(hub_environment: Mapping[str, str], name: str, password: str) -> dict[str, str]:
    """Every adapter: connects as the participant whose work it does."""
    return {
        **hub_environment,
        "HUB_KAFKA__USER": name,
        "HUB_KAFKA__PASSWORD": password,
        "HUB_DELIVERY__KEY_FILE": str(Path(hub_environment["HUB_MASTER_KEY_FILE"]).with_name("reports.key")),
        "HUB_DELIVERY__SESSION_TIMEOUT_MS": "3000",
        "HUB_DELIVERY__IDLE_S": "0.25",
        "HUB_DELIVERY__CONCURRENCY": "8",
        "HUB_DELIVERY__CALL_TIMEOUT_S": "3",
        "HUB_DELIVERY__LEASE_MARGIN_S": "1",
        "HUB_DELIVERY__MAX_ATTEMPTS": str(ATTEMPTS),
        "HUB_DELIVERY__RETRY_BASE_S": "0.2",
        "HUB_DELIVERY__RETRY_CAP_S": "0.4",
        "HUB_DELIVERY__CIRCUIT_FAILURES": "10",
        "HUB_DELIVERY__CIRCUIT_OPEN_S": "0.5",
        "HUB_DELIVERY__CIRCUIT_MAX_OPEN_S": "1",
        "HUB_DELIVERY__RESEND_S": "3",
        "HUB_DELIVERY__GAUGES_S": "1",
    }


def population(url: str, rights_file: Path) -> dict[str, str]:
    """The population adapter against its stand-in."""
    return {
        "HUB_POPULATION_SERVICE_URL": f"{url}/csdldc/congdan",
        "HUB_POPULATION_USER": "sandbox-user",
        "HUB_POPULATION_SECRET_KEY": "sandbox-secret",
        "HUB_POPULATION_X_ROAD_CLIENT": "VN/GOV/000.00.00.H07/hub",
        "HUB_POPULATION_RIGHTS_FILE": str(rights_file),
        "HUB_POPULATION_TOTAL_TIMEOUT_S": "1",
        "HUB_POPULATION_RETRY_S": "0.2",
        "HUB_POPULATION_CLOCK_RETRY_S": "0.2",
        "HUB_POPULATION_CREDENTIALS_RETRY_S": "0.2",
    }


def postal(address: PostalAddress) -> dict[str, str]:
    """The postal adapter against its stand-in, with the stand-in's meaning of the status codes."""
    codes = Path(__file__).resolve().parents[2] / "adapters" / "postal" / "sandbox_status_codes.toml"
    return {
        "HUB_POSTAL_TOKEN_URL": address.token,
        "HUB_POSTAL_BASE_URL": address.base,
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": _CUSTOMER,
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
        "HUB_POSTAL_STATUS_CODES_FILE": str(codes),
        "HUB_POSTAL_TOTAL_TIMEOUT_S": "1",
        "HUB_POSTAL_RETRY_DELAY_S": "0.2",
        "HUB_POSTAL_SETTLING_S": "0.5",
        "HUB_POSTAL_POLL_INTERVAL_S": "0.2",
    }


def portal(url: str, door_port: int) -> dict[str, str]:
    """The portal adapter against its stand-in, with a door that stays where it is after a kill."""
    return {
        "HUB_PORTAL_BASE_URL": url,
        "HUB_PORTAL_USERNAME": "sandbox",
        "HUB_PORTAL_PASSWORD": "sandbox-password",
        "HUB_PORTAL_UNIT": "000.00.00.H07",
        "HUB_PORTAL_DOOR__PORT": str(door_port),
        "HUB_PORTAL_LINKS__PUBLIC_URL": f"http://127.0.0.1:{door_port}",
        "HUB_PORTAL_LINKS__KEY": token_hex(32),
        "HUB_PORTAL_RECORD_KEY": token_hex(32),
        "HUB_PORTAL_PAYMENT__PARTNER": "BENTRE",
        "HUB_PORTAL_PAYMENT__SECRET": "sandbox-secret-of-the-payment-platform",
        "HUB_PORTAL_TOTAL_TIMEOUT_S": "1",
        "HUB_PORTAL_CONNECT_TIMEOUT_S": "1",
        "HUB_PORTAL_RETRY_DELAY_S": "0.2",
        "HUB_PORTAL_SETTLING_S": "0.5",
        "HUB_DELIVERY__CALL_TIMEOUT_S": "5",
    }


def notices(messages_url: str, mail_port: int) -> dict[str, str]:
    """The adapter of notices against its stand-ins."""
    return {
        "HUB_NOTICES_SMTP_HOST": "127.0.0.1",
        "HUB_NOTICES_SMTP_PORT": str(mail_port),
        "HUB_NOTICES_SMTP_SECURITY": "none",
        "HUB_NOTICES_SENDER": "mot-cua@vi-du.example",
        "HUB_NOTICES_SMS_URL": f"{messages_url}/messages",
        "HUB_NOTICES_SMS_QUERY_URL": f"{messages_url}/messages/{{id}}",
        "HUB_NOTICES_SMS_BRAND": "MOTCUA",
        "HUB_NOTICES_LINK": "https://tra-cuu.vi-du.example/tra-cuu",
        "HUB_NOTICES_ATTACH_WAIT_S": "86400",
        "HUB_NOTICES_TOTAL_TIMEOUT_S": "1",
        "HUB_NOTICES_RETRY_DELAY_S": "0.2",
        "HUB_NOTICES_SETTLING_S": "0.5",
    }


def typesetter() -> dict[str, str]:
    """The role that makes papers, with time for two of them on a busy machine."""
    return {"HUB_DELIVERY__CALL_TIMEOUT_S": "20", "HUB_PUBLIC__URL": "https://tra-cuu.vi-du.example"}


def gateway(hub_environment: Mapping[str, str], password: str, port: int) -> dict[str, str]:
    """The gateway: plain HTTP on loopback, which environment `test` allows; it never has the master key."""
    own = {name: value for name, value in hub_environment.items() if name != "HUB_MASTER_KEY_FILE"}
    return {
        **own,
        "HUB_STORE_KEY_FILE": str(Path(hub_environment["HUB_MASTER_KEY_FILE"]).with_name("store.key")),
        "HUB_KAFKA__USER": GATEWAY,
        "HUB_KAFKA__PASSWORD": password,
        "HUB_GATEWAY__PORT": str(port),
        "HUB_GATEWAY__REQUESTS_PER_S": "200",
    }


def visitor(url: str, name: str, tokens: Mapping[str, str], clock_file: Path) -> dict[str, str]:
    """A participant's own program over HTTPS."""
    return {
        "GATEWAY_URL": url,
        "GATEWAY_TOKEN": tokens[name],
        "PARTICIPANT": name,
        "CLOCK_FILE": str(clock_file),
    }


def participant(
    address: StackAddress, name: str, passwords: Mapping[str, str], clock_file: Path
) -> dict[str, str]:
    """A participant's own program: nothing but its account and the simulated clock."""
    return {
        "KAFKA_BOOTSTRAP": address.kafka_bootstrap,
        "KAFKA_USER": name,
        "KAFKA_PASSWORD": passwords[name],
        "CLOCK_FILE": str(clock_file),
    }
