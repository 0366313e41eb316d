"""Settings of the postal adapter, read once from `HUB_POSTAL_*` variables and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.postal.tracking import FIRST_ID

_HTTP_URL = r"^https?://[^/\s]+(/\S*)?$"
_FOLDER = Path(__file__).parent


class PostalAccount(BaseModel):
    """One customer account at the operator: its code and the OAuth2 client that acts for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_code: str = Field(min_length=1, max_length=60, description="CustomerCode issued by VNPost")
    consumer_key: SecretStr = Field(description="OAuth2 client id")
    consumer_secret: SecretStr = Field(description="OAuth2 client secret")


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
    default_account: PostalAccount | None = Field(default=None, description="for organisations without one")
    accounts: dict[str, PostalAccount] = Field(default_factory=dict, description="by organisation code")
    status_codes_file: Path = Field(
        default=_FOLDER / "status_codes.toml", description="what each StatusCode of tracking means"
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
