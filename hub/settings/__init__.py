"""All settings in one tree, read once from `HUB_*` variables (`HUB_KAFKA__BOOTSTRAP`) and passed down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from hub.errors import StartupError
from hub.installed import settings_prefixes
from hub.settings.budget import BudgetSettings
from hub.settings.documents import DocumentsSettings
from hub.settings.files import CaFile
from hub.settings.public import PublicSettings
from hub.settings.signing import SigningSettings


class KafkaSettings(BaseModel):
    """How this process reaches the broker: SASL/SCRAM-SHA-512, over TLS when `ca_file` is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = Field(description="host:port of one or more brokers, comma separated")
    participants_bootstrap: str = Field(
        default="",
        description="the same as participants are told to reach it; default: bootstrap",
    )
    user: str = Field(description="SCRAM user of this role")
    password: SecretStr = Field(description="SCRAM password of this role")
    ca_file: CaFile | None = Field(
        default=None, description="PEM of the broker's CA; set it outside loopback"
    )
    prefix: str = Field(
        default="",
        pattern=r"^[a-z0-9.\-]*$",
        description="put before every topic and group; one broker can serve hubs",
    )
    replication: int = Field(default=1, ge=1, description="replication factor of the topics that we create")


class PostgresSettings(BaseModel):
    """Where the hub's state lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dsn: SecretStr = Field(description="postgresql://user:password@host:port/database")


class EngineSettings(BaseModel):
    """How much the engine takes at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str = Field(default="engine-1", description="static member name; unique per process")
    max_batch_records: int = Field(default=500, ge=1, le=2000, description="records per batch under load")
    max_batch_bytes: int = Field(default=8 << 20, ge=1 << 20, description="bytes per batch")
    fetch_wait_ms: int = Field(
        default=10, ge=1, description="how long the broker holds an empty fetch while records come"
    )
    known_dossiers: int = Field(
        default=5000,
        ge=0,
        description="dossiers kept in memory from batch to batch; 0: each batch is read whole",
    )
    outbox_limit_segments: int = Field(
        default=5000, ge=10, description="unpublished segments before it stops"
    )
    parked_limit: int = Field(
        default=20,
        ge=1,
        description="dossiers parked by bugs before a participant, or for many the engine, is stopped",
    )
    timers_wait_s: float = Field(
        default=60,
        ge=0,
        description="seconds that due timers wait for participants held back by their own doing",
    )
    malformed_limit: int = Field(default=200, ge=1, description="malformed records per minute before a pause")
    session_timeout_ms: int = Field(default=10_000, ge=1000, description="group session time-out")
    topics_every_ms: int = Field(default=5_000, ge=100, description="time between two looks for new topics")


class GatewaySettings(BaseModel):
    """The HTTPS door for participants without a Kafka client; plain HTTP only on loopback in `test`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address that participants reach")
    port: int = Field(
        default=0, ge=0, le=65535, description="port that participants reach; 0 takes a free one"
    )
    public_url: str = Field(
        default="", description="how participants write it, for examples; default: host, port"
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM of the server's certificate and chain"
    )
    key_file: Path | None = Field(default=None, description="PEM of the server's private key")
    client_ca_file: Path | None = Field(
        default=None, description="PEM of the CAs of client certificates; without it tokens only"
    )
    receipt_wait_s: float = Field(default=2.0, gt=0, le=30, description="wait for a receipt before 202")
    max_wait_s: float = Field(
        default=30.0, gt=0, le=60, description="longest wait for messages that may be asked"
    )
    max_body_bytes: int = Field(default=4 << 20, ge=1 << 16, description="bytes of a posted event or batch")
    held_bytes: int = Field(
        default=128 << 20,
        ge=1 << 20,
        description="bytes of such bodies in memory at once; a quarter of them of one participant",
    )
    max_batch_events: int = Field(default=100, ge=1, le=1000, description="events in a posted batch")
    header_timeout_s: float = Field(
        default=10.0, gt=0, description="time for the head of a request, from the connection on for the first"
    )
    body_timeout_s: float = Field(default=20.0, gt=0, description="time for the body of an event or batch")
    idle_timeout_s: float = Field(default=20.0, gt=0, description="longest silence within a document")
    report_limit_s: float = Field(default=120.0, gt=0, le=600, description="time for one report")
    requests_per_s: float = Field(default=50.0, gt=0, description="requests of a participant over time")
    burst: int = Field(default=200, ge=1, description="requests of a participant at once")
    event_bytes_per_s: int = Field(
        default=5 << 20,
        ge=1 << 10,
        description="bytes of a participant's events over time, as its quota on Kafka",
    )
    max_connections: int = Field(default=1000, ge=1, description="open connections, of all participants")
    reserved_share: float = Field(
        default=0.4,
        ge=0,
        lt=1,
        description="share of them for addresses from which a participant was served within the last hour",
    )
    max_address_connections: int = Field(
        default=200, ge=1, description="connections of an address on which nobody was recognised yet"
    )
    max_participant_connections: int = Field(
        default=200, ge=1, description="connections on which a participant was recognised"
    )
    handshake_timeout_s: float = Field(default=5.0, gt=0, description="time for the TLS handshake")
    alive_s: float = Field(
        default=15, gt=0, le=60, description="time after which a stream that has nothing to say says so"
    )
    max_feeds: int = Field(default=8, ge=1, description="feeds of a participant that wait at the same time")
    webhook_allowed: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="networks in private or loopback ranges that webhooks may reach, as JSON"
    )


_MAX_DAYS = 36_500


class RetentionSettings(BaseModel):
    """How long things are kept that have a time; what rests on the law is kept by the profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_s: float = Field(default=3600.0, gt=0, description="seconds between two sweeps of the store")
    letter_days: int = Field(
        default=90, ge=1, le=90, description="days that an unresolved dead letter keeps its bytes"
    )
    parked_days: int = Field(
        default=90, ge=1, le=90, description="days that a parked request waits; then it is refused"
    )
    delivery_days: int = Field(
        default=30,
        ge=1,
        le=_MAX_DAYS,
        description="days that finished deliveries are kept",
    )
    blocked_days: int = Field(
        default=14,
        ge=1,
        le=36500,
        description="days that a message for an `out.` topic waits which cannot be written",
    )
    upload_days: int = Field(
        default=30,
        ge=1,
        le=36500,
        description="days that an uploaded document waits for a dossier that names it",
    )
    history_days: int = Field(
        default=365,
        ge=1,
        le=36500,
        description="days that resolved dead letters and redrive commands stay listed",
    )


class Settings(BaseSettings):
    """The whole tree; unknown variables below `HUB_` are an error."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    environment: Literal["live", "test"] = Field(default="live", description="`test` allows a moved clock")
    profile: str = Field(default="bentre-45-2023", description="regulation by which new dossiers go")
    regulation: Path | None = Field(
        default=None, description="folder with more versions of the law, pinned by `hub law pin`"
    )
    master_key_file: Path = Field(description="file with the 32-byte master key in hex (mode 0600)")
    store_key_file: Path | None = Field(
        default=None,
        description="required by the gateway: `store.key`, which `hub setup` makes beside the master key",
    )
    shards: int = Field(default=8, ge=1, le=256, description="outbox shards; fixed once the hub has run")
    http_host: str = Field(default="127.0.0.1", description="address of metrics and health")
    http_port: int = Field(
        default=0, ge=0, le=65535, description="port of metrics and health; 0 takes a free one"
    )
    stuck_exit_s: float | None = Field(
        default=None,
        ge=30,
        description="a process whose `/livez` has said no for so long ends itself, to be started again; "
        "left out: it stays",
    )
    check_every_s: float = Field(default=60.0, gt=0, description="seconds between two looks at the checks")
    kafka: KafkaSettings
    postgres: PostgresSettings
    engine: EngineSettings = EngineSettings()
    retention: RetentionSettings = RetentionSettings()
    budget: BudgetSettings = BudgetSettings()
    gateway: GatewaySettings = GatewaySettings()
    public: PublicSettings = PublicSettings()
    documents: DocumentsSettings = DocumentsSettings()
    signing: SigningSettings = SigningSettings()


Tree = TypeVar("Tree", bound=BaseSettings)
_PREFIX = "HUB_"
_NOT_OURS = frozenset({"HUB_HOME", "HUB_CACHE", "HUB_JAVA_HOME", "HUB_CRASH_AT", "HUB_TRACEBACK"})
NESTED = "the JSON of a value is nested too deeply"
_DELIVERY = "HUB_DELIVERY_"
"""Settings of every adapter process."""


def read_settings() -> Settings:
    """The hub's own settings; `StartupError` as of `read_tree`."""
    return read_tree(Settings)


def read_tree(tree: type[Tree]) -> Tree:
    """Read settings from the environment; `StartupError` names each wrong setting, never its value."""
    wrong = list(_unknown(os.environ))
    try:
        settings = tree()
    except ValidationError as error:
        wrong += [explained(item, tree) for item in error.errors(include_input=False, include_url=False)]
    except SettingsError as error:
        wrong = wrong or [str(error)]
    except RecursionError:
        wrong = wrong or [NESTED]
    if wrong:
        raise StartupError(f"settings: {'; '.join(wrong)}")
    return settings


def variables() -> tuple[str, ...]:
    """Every variable that is a setting of the hub itself, in the order of the tree."""
    return tuple(_leaves(Settings, _PREFIX))


def _leaves(model: type[BaseModel], prefix: str, *, only_required: bool = False) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if only_required and not field.is_required():
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{prefix}{name}__".upper(), only_required=only_required)
        else:
            yield f"{prefix}{name}".upper()


def _unknown(environment: Iterable[str]) -> Iterator[str]:
    """pydantic-settings never looks at variables that it does not know, so misspelt ones are found here."""
    known = variables()
    for name in sorted(environment):
        upper = name.upper()
        is_other = upper in _NOT_OURS or not upper.startswith(_PREFIX) or upper in known
        if not is_other and not upper.startswith((_DELIVERY, *settings_prefixes())):
            close = get_close_matches(upper, known, 1)
            yield f"{name}: no such setting" + (f", did you mean {close[0]}?" if close else "")


def explained(item: ErrorDetails, tree: type[BaseSettings] = Settings) -> str:
    """What is wrong with a setting of a tree, by the names of the variables; never its value (pure)."""
    prefix = tree.model_config.get("env_prefix", "")
    variable = (prefix + "__".join(str(part) for part in item["loc"])).upper()
    if item["type"] != "missing":
        return f"{variable}: {item['msg']}"
    needed = [
        name
        for name in _leaves(tree, prefix, only_required=True)
        if name == variable or name.startswith(f"{variable}__")
    ]
    return f"{', '.join(needed) or variable}: not set"


__all__ = [
    "EngineSettings",
    "KafkaSettings",
    "PostgresSettings",
    "RetentionSettings",
    "Settings",
    "explained",
    "read_settings",
    "variables",
]
