"""Days off, one file a version: `vn-2026.1`."""
