"""Checks and generators of this repository; nothing of the hub imports them."""
