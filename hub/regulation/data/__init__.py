"""Versioned data files of the regulation: calendar, profiles, and procedure records."""
