"""What is measured, and how: the engine beside its peers, doing the same job."""
