"""Catalogues, one file a version: which records make it up, and from when it is in force."""
