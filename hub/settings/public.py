"""Settings of the page on which everybody looks dossiers up."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class PublicSettings(BaseModel):
    """The page for applicants; plain HTTP only on loopback in `test`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address that everybody reaches")
    port: int = Field(
        default=0, ge=0, le=65535, description="port that everybody reaches; 0 takes a free one"
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="address of the page as Form 01 shows it, `https://tra-cuu.example.gov.vn`; without it "
        "Form 01 has neither its QR code nor the check code",
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM of the server's certificate and chain"
    )
    key_file: Path | None = Field(default=None, description="PEM of the server's private key")
    look_ups_per_minute: float = Field(
        default=60.0, gt=0, description="look-ups of an address (IPv6: a /64) over time"
    )
    look_ups_at_once: int = Field(default=60, ge=1, description="look-ups of an address at once")
    tries_per_hour: float = Field(default=2.0, gt=0, description="wrong tries of a code over time")
    tries_at_once: int = Field(default=5, ge=1, description="wrong tries of a code at once")
    complaints_per_day: float = Field(
        default=6.0, gt=0, description="complaints about a dossier over time, through the page"
    )
    complaints_at_once: int = Field(default=3, ge=1, description="complaints about a dossier at once")
    max_connections: int = Field(default=1000, ge=1, description="open connections")
    max_address_connections: int = Field(default=50, ge=1, description="open connections of an address")
