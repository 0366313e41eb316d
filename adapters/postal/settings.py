"""Settings of the postal adapter, read once from `HUB_POSTAL_*` variables and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.postal.tracking import FIRST_ID
from hub.settings.files import CaFile, ReadableFile
from schemas.pickup import Direction

_HTTP_URL = r"^https?://[^/\s]+(/\S*)?$"
_FOLDER = Path(__file__).parent


Dialect = Literal["B", "C"]
"""B: VNPost-NGSP. C: orders through an LGSP with the header `access_token`; no cancellation (contract 2)."""


class PostalAccount(BaseModel):
    """One customer account at the operator: its code, the OAuth2 client that acts for it, its dialect.

    Addresses that are left out are those of the settings, so accounts can stand behind different gateways.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_code: str = Field(min_length=1, max_length=60, description="CustomerCode issued by VNPost")
    consumer_key: SecretStr = Field(description="OAuth2 client id")
    consumer_secret: SecretStr = Field(description="OAuth2 client secret")
    dialect: Dialect = Field(default="B", description="B: VNPost-NGSP; C: orders through an LGSP")
    token_url: str | None = Field(default=None, pattern=_HTTP_URL, description="this account's own one")
    base_url: str | None = Field(default=None, pattern=_HTTP_URL, description="this account's own one")
    addressing: Literal["path", "query", "header"] = Field(
        default="path",
        description="how an operation is named: below `base_url`, or there as `?service=` or `service-code`",
    )
    orders_url: str | None = Field(
        default=None, pattern=_HTTP_URL, description="C: where orders without a waybill go"
    )
    waybill_orders_url: str | None = Field(
        default=None, pattern=_HTTP_URL, description="C: where orders with a waybill of the pool go"
    )
    waybills_file: ReadableFile | None = Field(
        default=None, description="C: allotted waybills, one a line; what is taken is kept beside it"
    )
    flag_config: dict[Direction, Literal[1, 2]] = Field(
        default={"collect": 2}, description="C: FlagConfig; 1 the sender drops off, 2 the post picks up"
    )
    can_track: bool = Field(default=True, description="whether order/tracking is offered")
    announces_documents: bool = Field(default=False, description="B: document/post before each order")
    asks_price: bool = Field(default=False, description="B: getprice after each order")

    @model_validator(mode="after")
    def _fits_its_dialect(self) -> Self:
        if self.dialect == "B" and not self.can_track:
            raise ValueError("dialect B needs order/tracking")
        if self.dialect == "C" and (self.announces_documents or self.asks_price):
            raise ValueError("document/post and getprice are operations of dialect B")
        is_pool = self.waybills_file is not None
        if self.dialect == "C" and (self.waybill_orders_url if is_pool else self.orders_url) is None:
            raise ValueError("dialect C needs orders_url, or waybills_file with waybill_orders_url")
        return self


PROVINCES_OF_2025 = frozenset(
    {10, *range(16, 19), 20, *range(22, 34), 35, 36, *range(38, 45), 46, 48, *range(51, 54)}
    | {*range(55, 61), *range(62, 68), 70, *range(79, 98)}
)
"""The operator's own 63 province codes before the merger of July 2025; not GSO's, not of identity numbers."""


class PostalSettings(BaseSettings):
    """How the operator is reached, as whom, and what its codes mean.

    `accounts` is JSON by organisation code (`HUB_POSTAL_ACCOUNTS='{"H07.34.12": {...}}'`); an organisation
    without its own uses `default_account` (`HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE`, …).
    Source: contract part I, 1.1.
    """

    model_config = SettingsConfigDict(
        env_prefix="HUB_POSTAL_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    token_url: str = Field(pattern=_HTTP_URL, description="OAuth2 token endpoint")
    base_url: str = Field(pattern=_HTTP_URL, description="address before `/order/post`")
    ca_file: CaFile | None = Field(default=None, description="PEM of the operator's CA")
    default_account: PostalAccount | None = Field(default=None, description="for organisations without one")
    accounts: dict[str, PostalAccount] = Field(default_factory=dict, description="by organisation code")
    status_codes_file: Path = Field(
        default=_FOLDER / "status_codes.toml", description="what each StatusCode of tracking means"
    )
    provinces: frozenset[int] = Field(
        default=PROVINCES_OF_2025,
        description="province codes that the operator knows, as JSON; default: its 63 before July 2025",
    )
    ok_statuses: frozenset[int] = Field(
        default=frozenset({100}), description="`Status` of a call that was done (assumption)"
    )
    duplicate_statuses: frozenset[int] = Field(
        default=frozenset({101}), description="`Status` of a repeated OrderNumber (assumption)"
    )
    quiet_statuses: frozenset[str] = Field(
        default=frozenset({"registered"}), description="tracked statuses that are not reported again"
    )
    first_id: str = Field(
        default=FIRST_ID, pattern=r"^[0-9a-f]{24}$", description="no order of this hub stands before it"
    )
    page_size: int = Field(default=1000, ge=1, le=1000, description="records per page of tracking")
    max_query_pages: int = Field(default=2000, ge=1, description="pages that one query may read")
    connect_timeout_s: float = Field(default=5.0, gt=0, description="time to connect")
    total_timeout_s: float = Field(default=30.0, gt=0, description="time of one call from first to last byte")
    max_connections: int = Field(default=20, ge=1, description="open connections")
    retry_delay_s: float = Field(default=30.0, gt=0, description="pause after a call without effect")
    price_weight_g: int = Field(default=100, ge=1, description="weight that getprice is asked for")
    settling_s: float = Field(default=600.0, ge=0, description="how late an order may show up in tracking")
    poll_interval_s: float = Field(default=300.0, gt=0, description="pause between two polls of tracking")

    @model_validator(mode="after")
    def _has_consistent_accounts(self) -> Self:
        secrets: dict[str, PostalAccount] = {}
        for account in self._listed():
            if secrets.setdefault(account.customer_code, account) != account:
                raise ValueError(f"customer code {account.customer_code} stands with two different keys")
        if not secrets:
            raise ValueError("default_account or accounts is needed")
        return self

    def _listed(self) -> list[PostalAccount]:
        default = [self.default_account] if self.default_account is not None else []
        return [*default, *(self.accounts[organisation] for organisation in sorted(self.accounts))]

    def distinct_accounts(self) -> tuple[PostalAccount, ...]:
        """Each customer code once, in a stable order."""
        by_code = {account.customer_code: account for account in self._listed()}
        return tuple(by_code[code] for code in sorted(by_code))

    def account_of(self, organisation: str) -> PostalAccount | None:
        """The organisation's own account, else the default one, else None."""
        return self.accounts.get(organisation, self.default_account)
