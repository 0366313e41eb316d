"""The rules of the regulation: a small named function each, by chapter."""
