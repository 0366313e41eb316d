"""The runtime of adapters: what a message asks of an outside system, done once and told."""
