"""What a participant may take unless its own row says otherwise."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BudgetSettings(BaseModel):
    """The budget of each participant, over Kafka and HTTPS together; counted unpacked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records_per_day: int = Field(
        default=5_000_000, ge=1, description="events of a participant a day; more are taken slowly"
    )
    bytes_per_day: int = Field(
        default=20 << 30, ge=1, description="bytes of its events a day; more are taken slowly"
    )
    uploads_per_day: int = Field(default=200_000, ge=1, description="documents it may upload a day")
    upload_bytes_per_day: int = Field(default=50 << 30, ge=1, description="bytes of its uploads a day")
    letters: int = Field(
        default=1000,
        ge=0,
        description="its dead letters kept whole at a time; of others the headers",
    )
    letter_bytes: int = Field(default=64 << 20, ge=0, description="bytes of its dead letters kept at a time")
    refused_per_minute: int = Field(
        default=1000, ge=1, description="its refused requests a minute, nearly all of them, before a brake"
    )
