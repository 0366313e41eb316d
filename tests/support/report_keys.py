"""Test support: the key of reports of adapters that run without a hub."""

from __future__ import annotations

from pathlib import Path

from hub.facts.integrity import StoreKey

KEY_FILE = Path(__file__).with_name("reports.key")
REPORTS_KEY = StoreKey.from_file(KEY_FILE)
