"""Who takes part: joining and leaving, names, users, credentials."""
