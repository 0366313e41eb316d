"""Settings of the adapter, read once from `HUB_NOTICES_*` variables and passed down."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.settings.files import CaFile

_HTTP_URL = r"^https?://[^/\s]+(/\S*)?$"
_FOLDER = Path(__file__).parent
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_Rate = Annotated[float | None, Field(gt=0, le=1000)]
_Seconds = Annotated[float, Field(gt=0)]


class NoticesSettings(BaseSettings):
    """A mail server, a provider of messages, or both: what has none fails, and the hub takes the next way.

    During quiet hours messages wait, however long: nothing of their time and their attempts is used up.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_NOTICES_", frozen=True, extra="forbid")

    smtp_host: str | None = Field(default=None, description="mail server; without it no e-mail is sent")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`none` only for a server on the same machine"
    )
    smtp_user: str | None = Field(default=None, description="our account there; empty where none is needed")
    smtp_password: SecretStr | None = Field(default=None, description="its password")
    smtp_per_s: _Rate = Field(default=None, description="e-mails a second; no limit if not set")
    smtp_ca_file: CaFile | None = Field(default=None, description="PEM of the mail server's CA")
    sender: str = Field(
        default="", pattern=r"^([^@\s<>,]+@[^@\s<>,]+)?$", description="address that e-mail comes from"
    )
    sender_name: str = Field(default="Bộ phận Một cửa", min_length=1, description="name beside it")
    sms_url: str | None = Field(
        default=None, pattern=_HTTP_URL, description="POST sends a message; without it none is sent"
    )
    sms_query_url: str | None = Field(
        default=None, pattern=_HTTP_URL, description="GET tells whether `{id}` is there; 404 if not"
    )
    sms_token: SecretStr | None = Field(default=None, description="bearer token of the provider")
    sms_per_s: _Rate = Field(default=None, description="messages a second; no limit if not set")
    sms_ca_file: CaFile | None = Field(default=None, description="PEM of the provider's CA")
    sms_brand: str = Field(
        default="", max_length=11, description="registered name of the sender (brand name)"
    )
    sms_body: dict[str, str] = Field(
        default={
            "id": "{id}",
            "from": "{brand}",
            "to": "{phone}",
            "text": "{text}",
            "encoding": "{encoding}",
        },
        description="the provider's fields, as JSON; places {id} {brand} {phone} {text} {encoding} {parts}",
    )
    sms_answer_id: str = Field(default="id", description="field of the answer with the provider's number")
    sms_unaccented: bool = Field(default=False, description="send messages without accents, in GSM-7")
    sms_max_parts: int = Field(default=3, ge=1, le=10, description="a longer one loses its accents")
    sms_quiet_from: time | None = Field(default=None, description="local time from which messages wait")
    sms_quiet_until: time | None = Field(default=None, description="local time from which they go again")
    attach_wait_s: float | None = Field(
        default=None,
        ge=0,
        description="how long an e-mail waits for its form (`typesetter`); without it none is attached",
    )
    bounces: Path | None = Field(
        default=None, description="Maildir into which the mail server puts what comes back to `sender`"
    )
    bounces_every_s: _Seconds = Field(default=30.0, description="pause between two looks into it")
    link: str | None = Field(
        default=None, pattern=_HTTP_URL, description="the site's own look-up page, the only link in a text"
    )
    templates: Path = Field(default=_FOLDER / "templates", description="folder of `vi.toml` and `en.toml`")
    connect_timeout_s: _Seconds = Field(default=5.0, description="time to connect")
    total_timeout_s: _Seconds = Field(default=20.0, description="time of one sending from first to last byte")
    max_answer_bytes: int = Field(default=1 << 16, ge=1024, description="larger answers are not read")
    retry_delay_s: _Seconds = Field(default=60.0, description="pause after a sending without effect")
    settling_s: float = Field(default=60.0, ge=0, description="how late a look-up may show a message")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.smtp_host is not None and not self.sender:
            raise ValueError("smtp_host needs sender")
        if self.sms_url is not None and not self.sms_brand:
            raise ValueError("sms_url needs sms_brand")
        if (self.sms_quiet_from is None) != (self.sms_quiet_until is None):
            raise ValueError("sms_quiet_from and sms_quiet_until go together")
        if self.smtp_user and self.smtp_password is None:
            raise ValueError("smtp_user needs smtp_password")
        if self.smtp_security == "none" and self.smtp_host not in {None, *_THIS_MACHINE}:
            raise ValueError("smtp_security none is for a server on this machine")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("a password is not sent without encryption")
        return self
