"""Settings of the portal adapter, read once from `HUB_PORTAL_*` variables and passed down."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.national_portal.names import root_of
from hub.settings.files import CaFile

_HTTP_URL = r"^https?://[^/\s]+(/\S*)?$"
_PATH = r"^/[\x21-\x7e]*$"
_FOLDER = Path(__file__).parent
_LOOPBACK: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class PaymentSettings(BaseModel):
    """What the payment platform and the province share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner: str = Field(pattern=r"^[\x21-\x7b\x7d\x7e]{1,60}$", description="MaDoiTac of the province")
    secret: SecretStr = Field(
        min_length=32,
        description="shared secret of MaXacThuc, 32 characters or more: who has a message can try secrets",
    )
    confirmation_kind: str = Field(
        default="CONFIRM", pattern=r"^[A-Z_]{3,20}$", description="LoaiBanTin of a result (assumption)"
    )
    is_lookup_signed: bool = Field(
        default=True, description="tell what is payable only to who signs the look-up (assumption)"
    )
    query_path: str | None = Field(
        default=None, pattern=_PATH, description="where QUERY goes (assumption); only the reconciliation asks"
    )


class DoorSettings(BaseModel):
    """Where the portal reaches us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=0, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    prefixes: tuple[str, ...] = Field(
        default=("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward", ""),
        description="what may stand before the paths of the portal's calls",
    )
    networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=_LOOPBACK, description="who may call; downloads by link are open to all"
    )
    max_body_bytes: int = Field(default=1 << 20, ge=1024, description="largest body of a call")
    body_timeout_s: float = Field(default=10.0, gt=0, description="time for the body of a call")


class LinkSettings(BaseModel):
    """Download links: files go by URL, and only as long as the link lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_url: str = Field(pattern=_HTTP_URL, description="how the portal reaches our door, without prefix")
    key: SecretStr = Field(min_length=32, description="key that signs links, 32 characters or more")
    life_s: int = Field(default=30 * 86400, ge=60, description="how long a link lives")


class PortalSettings(BaseSettings):
    """How the portal is reached, as whom, and what is assumed of it (README.md says why)."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_PORTAL_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    base_url: str = Field(pattern=_HTTP_URL, description="the security server, without prefix")
    prefix: str = Field(default="/XrdAdapter/RestService/forward", description="before every path")
    ca_file: CaFile | None = Field(default=None, description="PEM of the security server's CA")
    auth_path: str = Field(default="/mapi/login", pattern=_PATH, description="login")
    integration_path: str = Field(default="/mapi/g", pattern=_PATH, description="dossiers (assumption)")
    share_path: str = Field(default="/mapi/g", pattern=_PATH, description="catalogues (assumption)")
    dstcode: str | None = Field(
        default=None, description="destination code of the portal; none in some tests"
    )
    dstcode_in: Literal["header", "query", "both"] = Field(default="header", description="where it stands")
    provider_url: str | None = Field(default=None, description="`providerurl` of the query, if any")
    username: str = Field(min_length=1, description="account at the portal")
    password: SecretStr = Field(description="its password")
    unit: str = Field(min_length=1, description="`madonvi`: the province's unit code")
    unit_names: dict[str, str] = Field(default_factory=dict, description="names of units by code, as JSON")
    procedure_codes: dict[str, str] = Field(
        default_factory=dict,
        description="MaTTHC by the hub's procedure code, beside those of the catalogue's completions",
    )
    session_life_s: float = Field(default=600.0, gt=0, description="how long a session is used")
    session_codes: frozenset[str] = Field(
        default=frozenset({"401", "-401"}), description="error_code of a dead session (assumption)"
    )
    retry_codes: frozenset[str] = Field(
        default=frozenset(), description="error_code of a passing failure without effect (assumption)"
    )
    shape_of_return: Literal["return_by_post", "lodged_online"] = Field(
        default="return_by_post", description="what HinhThuc means (clients differ)"
    )
    sends_supplements: bool = Field(
        default=False,
        description="fill DanhSachHoSoBoSung (assumption: no client is known to); Form 02 is a line anyhow",
    )
    procedure_life_s: float = Field(default=6 * 3600.0, gt=0, description="how long LayThuTuc is kept")
    status_codes_file: Path = Field(
        default=_FOLDER / "status_codes.toml", description="the portal's code of each status"
    )
    connect_timeout_s: float = Field(default=3.0, gt=0, description="time to connect")
    total_timeout_s: float = Field(default=6.0, gt=0, description="time of one call from first to last byte")
    max_connections: int = Field(default=20, ge=1, description="open connections")
    retry_delay_s: float = Field(default=30.0, gt=0, description="pause after a call without effect")
    settling_s: float = Field(default=120.0, ge=0, description="how late TraCuuHoSo may show a dossier")
    portal_units: frozenset[str] = Field(
        default=frozenset({"G22"}),
        description="roots of unit codes under which the portal numbers dossiers (assumption);"
        " no other MaHoSo shaped like an official code is taken",
    )
    record_days: int = Field(default=30, ge=1, description="days that a finished dossier's record is kept")
    record_key: SecretStr = Field(
        min_length=32, description="key that seals what is kept of dossiers, 32 characters or more"
    )
    one_stop: str | None = Field(default=None, description="one-stop of dossiers lodged on the portal")
    door: DoorSettings = DoorSettings()
    links: LinkSettings | None = Field(default=None, description="without it no file is offered")
    payment: PaymentSettings | None = Field(default=None, description="without it payments are not taken")

    @model_validator(mode="after")
    def _calls_end_in_time(self) -> Self:
        if self.connect_timeout_s > self.total_timeout_s:
            raise ValueError("connect_timeout_s must not exceed total_timeout_s")
        return self

    @model_validator(mode="after")
    def _portal_numbers_under_its_own_units(self) -> Self:
        if root_of(self.unit) in self.portal_units:
            raise ValueError("portal_units must not hold the root of the own unit")
        return self
