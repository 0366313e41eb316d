"""Whom this hub believes, and by which algorithms."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class SigningSettings(BaseModel):
    """Verification of digitised copies; without a folder every signer is unknown, so nothing is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trust_folder: Path | None = Field(
        default=None,
        description="folder with roots.pem, issuers.pem and signers.json; unset: nobody is trusted",
    )
    allow_pkcs1: bool = Field(default=False, description="take RSA signatures by PKCS#1 v1.5 too")
