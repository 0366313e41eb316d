"""The ledger: three journals kept apart from the hub, joined by id at the end of a run with kills."""
