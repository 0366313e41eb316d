"""Settings of the role beside those of every adapter process and of the hub."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TypesetterSettings(BaseSettings):
    """How a paper is made; master key, store of documents and regulation are the hub's."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_TYPESETTER_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    limit_s: float = Field(
        default=8.0, gt=0, le=60, description="time for one paper; then its renderer is ended"
    )
    memory_mib: int = Field(default=1024, ge=256, description="memory of the renderer, which is a process")
    size: Literal["A4", "A5"] | None = Field(
        default=None, description="all papers on this size, for printers that have no other"
    )
    again_s: float = Field(default=2.0, gt=0, description="pause between two looks for papers wanted again")
