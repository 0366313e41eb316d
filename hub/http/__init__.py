"""One guarded HTTP server for every door: of participants, of counterparts, of metrics and health."""
