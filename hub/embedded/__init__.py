"""Embedded stack: real Kafka and PostgreSQL for laptops, demo and tests, without Docker."""
