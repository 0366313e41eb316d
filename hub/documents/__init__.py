"""Documents by their SHA-256 in a folder or a bucket; scans never travel in Kafka."""
