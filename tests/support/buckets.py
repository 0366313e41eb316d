"""A bucket behind an address where nobody listens."""

from __future__ import annotations

from obstore.store import S3Store


def closed_bucket() -> S3Store:
    return S3Store(
        "bucket",
        endpoint="http://127.0.0.1:9",
        access_key_id="x",
        secret_access_key="x",
        region="x",
        client_options={"allow_http": True, "timeout": "200ms"},
        retry_config={"max_retries": 0},
    )
