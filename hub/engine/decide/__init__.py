"""Decide one batch: records and a read of the store in, everything to write and to publish out."""
