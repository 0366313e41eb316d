"""From a record to a request that may be decided, or to its answer (pure)."""
