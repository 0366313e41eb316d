"""Negative controls: the hub broken on purpose; the ledger must say so, or it proves nothing."""
