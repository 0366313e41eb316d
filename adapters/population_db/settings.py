"""Settings of the population adapter, `HUB_POPULATION_*`: the connection, the wire's form, the rights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.settings.files import CaFile, contents
from schemas.base import Role

LookupField = Literal[
    "GioiTinh",
    "DanToc",
    "TonGiao",
    "TinhTrangHonNhan",
    "NhomMau",
    "QuocTich",
    "ThuongTru.MaTinhThanh",
    "ThuongTru.MaPhuongXa",
    "ThuongTru.ChiTiet",
    "NoiOHienTai.MaTinhThanh",
    "NoiOHienTai.MaPhuongXa",
    "NoiOHienTai.ChiTiet",
    "ChuHo",
    "Cha",
    "Me",
    "VoChong",
    "NguoiDaiDien",
]
"""What a lookup may keep beyond number, name and birth; DanToc and TonGiao are sensitive (NĐ 356/2025).

The last five are members of the household and the family, with name and number.
"""

Dialect = Literal["N1", "N2", "N3"]
"""N1: NDXP, signed header. N2: SOAP through an LGSP, the officer's own key. N3: JSON through an LGSP."""

FaultKind = Literal[
    "reused", "credentials", "clock", "not_licensed", "officer_unknown", "request_invalid", "busy"
]

DEFAULT_FAULT_CODES: Mapping[str, FaultKind] = {
    "REQUEST_ID_REUSED": "reused",
    "CREDENTIALS_WRONG": "credentials",
    "CREDENTIALS_EXPIRED": "credentials",
    "TIMESTAMP_SKEW": "clock",
    "PROCEDURE_NOT_LICENSED": "not_licensed",
    "OFFICER_UNKNOWN": "officer_unknown",
    "REQUEST_INVALID": "request_invalid",
    "BUSY": "busy",
}
"""No source names the official fault codes; these are the sandbox's, replaced by configuration."""

OfficerNumber = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$")]
UnitNumber = Annotated[str, StringConstraints(min_length=1, max_length=35, pattern=r"^[\x21-\x7e]+$")]
ServiceNumber = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$")]


_NEEDED: Mapping[Dialect, tuple[str, ...]] = {
    "N1": ("user", "secret_key", "x_road_client"),
    "N2": ("token_url", "lgsp"),
    "N3": ("token_url", "lookup_url", "user", "secret_key", "user_name_service"),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Licence(_Part):
    """What the registered connection allows for one procedure (NĐ 47/2020 Art. 35: purpose and fields)."""

    operation: Literal["verify", "lookup"] = Field(default="verify", description="which service is asked")
    fields: frozenset[LookupField] = Field(
        default=frozenset(), description="fields a lookup may keep; never needed by `verify`"
    )
    roles: frozenset[Role] = Field(
        default=frozenset({"counter"}),
        description="roles that may be given those fields; others are told match or no match",
    )
    use_hours: float = Field(
        default=24.0,
        gt=0,
        le=24 * 366,
        description="how long looked-up data may be used (NĐ 47/2020 Art. 41)",
    )
    service_code: ServiceNumber | None = Field(
        default=None, description="MaDVC to send when it is not the procedure's own national code"
    )


class Officer(_Part):
    """One officer's account: the number sent as MaCanBo, and the units for which it may ask."""

    number: OfficerNumber | None = Field(default=None, description="MaCanBo; without it nothing is asked")
    key_name: str | None = Field(default=None, description="N2: name of the officer's own key")
    key_pass: SecretStr | None = Field(default=None, description="N2: password of the officer's own key")
    organisations: frozenset[str] = Field(description="organisation codes for which the account may ask")


class Rights(_Part):
    """Who may ask for what; whatever is not listed is refused before any call."""

    licences: dict[str, Licence] = Field(default={}, description="procedure code -> licence")
    agencies: dict[str, UnitNumber] = Field(default={}, description="organisation code -> MaDonVi")
    officers: dict[str, Officer] = Field(default={}, description="officer account -> officer")


class LgspAccess(_Part):
    """What an LGSP wants in `lgspaccesstoken` (N2); the names are those of the wire."""

    access_key: str
    secret_key: SecretStr
    app_name: str
    partner_code: str
    partner_code_cus: str


class PopulationSettings(BaseSettings):
    """How the adapter reaches the population database: through NDXP (N1) or a province's LGSP (N2, N3)."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_POPULATION_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    dialect: Dialect = Field(default="N1", description="N1: NDXP; N2: SOAP over an LGSP; N3: JSON over one")
    service_url: str = Field(
        description="URL of the service (N3: of the verification); HTTPS unless on this machine"
    )
    lookup_url: str | None = Field(default=None, description="N3: URL of the lookup")
    token_url: str | None = Field(default=None, description="N2, N3: where tokens are given")
    lgsp: LgspAccess | None = Field(default=None, description="N2: the LGSP's own account")
    user_name_service: str | None = Field(default=None, description="N3: userNameService")
    signed_url: str | None = Field(
        default=None, description="URL that enters the signature when a gateway shows another one"
    )
    allow_plain_http: bool = Field(
        default=False, description="allow http:// to a Security Server in the same closed network"
    )
    ca_file: CaFile | None = Field(default=None, description="PEM of the service's CA")
    user: str | None = Field(
        default=None, description="N1, N3: connection account, one per agency (NĐ 47/2020 Art. 40)"
    )
    secret_key: SecretStr | None = Field(
        default=None, description="N1: secret key of the connection account; N3: its password"
    )
    x_road_client: str | None = Field(
        default=None, description="N1: X-Road-Client: instance/class/member/subsystem"
    )
    api_key: SecretStr | None = Field(default=None, description="ApiKey header (2025 clients)")

    timestamp_unit: Literal["ms", "s"] = Field(default="ms", description="unit of the Timestamp header")
    date_format: Literal["yyyyMMdd", "yyyy-MM-dd"] = Field(default="yyyyMMdd", description="birth dates")
    namespace: Literal["http://dancuquocgia.bca", "http://gtel.vn/qldc"] = Field(
        default="http://dancuquocgia.bca", description="namespace of the service"
    )
    is_unit_sent: bool = Field(default=True, description="send MaDonVi")
    is_account_sent: bool = Field(default=False, description="send TaiKhoan and SoDienThoai (2025 client)")
    verify_code: str = Field(default="033", pattern=r"^\d{1,20}$", description="MaTichHop of verification")
    lookup_code: str = Field(default="037", pattern=r"^\d{1,20}$", description="MaTichHop of lookup")
    fault_codes: dict[str, FaultKind] = Field(
        default=dict(DEFAULT_FAULT_CODES), description="local part of faultcode -> what it means"
    )

    connect_timeout_s: float = Field(default=5.0, gt=0, description="time to connect")
    total_timeout_s: float = Field(default=15.0, gt=0, description="time for one call, to the last byte")
    max_answer_bytes: int = Field(default=256 << 10, ge=1024, description="larger answers are not read")
    max_request_ids: int = Field(default=9, ge=1, le=99, description="MaYeuCau tried for one check")
    retry_s: float = Field(default=10.0, gt=0, description="pause after a passing failure")
    busy_retry_s: float = Field(default=60.0, gt=0, description="pause when the service is busy")
    clock_retry_s: float = Field(default=300.0, gt=0, description="pause when the clocks disagree")
    credentials_retry_s: float = Field(default=900.0, gt=0, description="pause after refused credentials")

    rights: Rights = Field(default=Rights(), description="who may ask for what; or in `rights_file`")
    rights_file: Path | None = Field(default=None, description="JSON file with the rights")

    @model_validator(mode="after")
    def _urls_are_safe(self) -> Self:
        for name in ("service_url", "lookup_url", "token_url"):
            address = getattr(self, name)
            if address is None:
                continue
            url = urlsplit(address)
            is_local = url.hostname in {"127.0.0.1", "::1", "localhost"}
            if url.scheme not in {"http", "https"} or not url.hostname:
                raise ValueError(f"{name} must be an http(s) URL")
            if url.scheme == "http" and not (is_local or self.allow_plain_http):
                raise ValueError(f"{name} must be https outside this machine")
        return self

    @model_validator(mode="after")
    def _has_what_its_dialect_needs(self) -> Self:
        needed = (name for name in _NEEDED[self.dialect] if getattr(self, name) is None)
        missing = [f"HUB_POPULATION_{name.upper()}" for name in needed]
        if missing:
            raise ValueError(f"dialect {self.dialect} needs {', '.join(missing)}")
        return self

    def read_rights(self) -> Rights:
        """Return the rights of `rights_file`, or those of the settings; blocks while it reads the file."""
        if self.rights_file is None:
            return self.rights
        return contents("HUB_POPULATION_RIGHTS_FILE", self.rights_file, _rights)


def _rights(path: Path) -> Rights:
    return Rights.model_validate_json(path.read_bytes())
