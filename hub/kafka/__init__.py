"""Kafka: clients with safe defaults, topics, users and ACLs, and the one holder of a producer."""
