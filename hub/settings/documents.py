"""Where documents are kept and how large one may be."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class DocumentsSettings(BaseModel):
    """A folder, or a bucket by URL; its credentials come from its provider's own environment variables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(
        default=Path("var/documents"), description="folder of documents, unless `url` is set"
    )
    url: str | None = Field(
        default=None,
        pattern=r"^(s3|s3a|gs|az|adl|azure|abfs|abfss)://",
        description="bucket of documents: s3://bucket/path, gs://bucket/path, az://container/path",
    )
    max_bytes: int = Field(default=200 << 20, ge=1 << 10, description="size of one document")
