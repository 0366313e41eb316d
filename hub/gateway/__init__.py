"""HTTPS for participants without a Kafka client: events, receipts, feed, documents, dossier look-up."""
