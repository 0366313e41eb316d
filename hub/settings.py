"""All settings in one tree, read once from `HUB_*` variables (`HUB_KAFKA__BOOTSTRAP`) and passed down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from hub.errors import StartupError


class KafkaSettings(BaseModel):
    """How this process reaches the broker: SASL/SCRAM-SHA-512, over TLS when `ca_file` is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = Field(description="host:port of one or more brokers, comma separated")
    user: str = Field(description="SCRAM user of this role")
    password: SecretStr = Field(description="SCRAM password of this role")
    ca_file: Path | None = Field(default=None, description="PEM of the broker's CA; set it outside loopback")
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
    fetch_wait_ms: int = Field(default=10, ge=1, description="how long the broker holds an empty fetch")
    outbox_limit_segments: int = Field(
        default=5000, ge=10, description="unpublished segments before it stops"
    )
    parked_limit: int = Field(default=20, ge=1, description="dossiers parked by bugs before the engine stops")
    malformed_limit: int = Field(default=200, ge=1, description="malformed records per minute before a pause")
    session_timeout_ms: int = Field(default=10_000, ge=1000, description="group session time-out")


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
    profile: str = Field(default="bentre-45-2023", description="regulation profile in force")
    master_key_file: Path = Field(description="file with the 32-byte master key in hex (mode 0600)")
    shards: int = Field(default=8, ge=1, le=256, description="outbox shards; fixed once the hub has run")
    http_host: str = Field(default="127.0.0.1", description="address of metrics and health")
    http_port: int = Field(
        default=0, ge=0, le=65535, description="port of metrics and health; 0 takes a free one"
    )
    kafka: KafkaSettings
    postgres: PostgresSettings
    engine: EngineSettings = EngineSettings()


_PREFIX = "HUB_"
_NOT_OURS = frozenset({"HUB_HOME", "HUB_CACHE", "HUB_CRASH_AT"})
_ADAPTERS = ("HUB_POSTAL_", "HUB_POPULATION_", "HUB_DELIVERY_")


def read_settings() -> Settings:
    """Read the settings from the environment; `StartupError` names each wrong setting, never its value."""
    wrong = list(_unknown(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        wrong += [_explained(item) for item in error.errors(include_input=False, include_url=False)]
    except SettingsError as error:
        wrong = wrong or [str(error)]
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
        is_other = upper in _NOT_OURS or upper.startswith(_ADAPTERS) or not upper.startswith(_PREFIX)
        if not is_other and upper not in known:
            close = get_close_matches(upper, known, 1)
            yield f"{name}: no such setting" + (f", did you mean {close[0]}?" if close else "")


def _explained(item: ErrorDetails) -> str:
    variable = _PREFIX + "__".join(str(part) for part in item["loc"]).upper()
    if item["type"] != "missing":
        return f"{variable}: {item['msg']}"
    needed = [name for name in _leaves(Settings, _PREFIX, only_required=True) if name.startswith(variable)]
    return f"{', '.join(needed)}: not set"


__all__ = ["EngineSettings", "KafkaSettings", "PostgresSettings", "Settings", "read_settings", "variables"]
