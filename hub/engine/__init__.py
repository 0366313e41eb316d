"""The engine: takes records, decides them on one read, commits them in one write."""
