"""The one read and the one write of a batch."""
