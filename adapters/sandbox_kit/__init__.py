"""What sandboxes share: journal, faults, replies, process. Knows nothing of the hub or of an adapter."""
