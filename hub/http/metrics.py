"""What every process counts of its doors and of its certificates, and how it says that it is."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class HttpMetrics:
    """One set per process; label values are names of doors and uses, and closed words."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge(
            "hub_http_connections",
            "Open connections, also in the TLS handshake; door: gateway, health, or the adapter's name",
            ["door"],
            registry=registry,
        )
        self.refused = Counter(
            "hub_http_connections_refused_total",
            "Connections that the hub did not let in or closed; reason: address (not in the list of those who"
            " may call), address_connections, caller_connections, connections (a limit was reached),"
            " handshake, slow, slow_reader, no_http, descriptors (the process has no more)",
            ["door", "reason"],
            registry=registry,
        )
        self.certificate_expiry = Gauge(
            "hub_certificate_expiry_timestamp_seconds",
            "Unix time at which the first certificate of a file ends; usage: server, client_ca, kafka_ca,"
            " signing_roots, signing_issuers, or the name that an adapter gives it",
            ["usage"],
            registry=registry,
        )
        self.probe_failing = Gauge(
            "hub_probe_failing_seconds",
            "For how long a probe has said no, 0 while it says yes; probe: livez, readyz",
            ["probe"],
            registry=registry,
        )
        self.started = Gauge(
            "hub_process_start_timestamp_seconds", "When the process began to serve this", registry=registry
        )
        self.certificate_renewals = Counter(
            "hub_certificate_renewals_total",
            "Changes of the files of the server's certificate; outcome: renewed, refused (they do not fit or"
            " have ended: the certificate before is served on)",
            ["outcome"],
            registry=registry,
        )
