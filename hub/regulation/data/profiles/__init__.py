"""Profiles, one file a version: `bentre-45-2023@1`."""
