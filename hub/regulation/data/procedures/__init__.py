"""Procedure records of the national portal, one file each, byte for byte as answered."""
