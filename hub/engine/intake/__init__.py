"""Batches of raw records: fair, with dense offsets, from the stored positions on."""
