"""Edge logs with our own names, or with those that many tools share."""

from __future__ import annotations

from stillwatch.ingest.addresses import HEADERS, SPELLED
from stillwatch.ingest.edges.names import EdgeNames

PLAIN = EdgeNames(
    title="Any edge log with usual names",
    source="table `edge` of the reference",
    columns={
        "request_id": (
            "request_id",
            "x-request-id",
            "http_x_request_id",
            "req_id",
            "correlation_id",
            "x-correlation-id",
            "id",
            "trace_id",
            "@x-request-id",
            "@request-id",
            "@x-correlation-id",
        ),
        "client": ("address", "client_ip", "client_address", "real_ip"),
        "forwarded": (*SPELLED[:3], "forwarded_for", "xff", *SPELLED[3:], *(f"@{name}" for name in HEADERS)),
        "peer": ("remote_addr", "remote_ip", "remote_address", "source_ip", "src_ip", "peer", "ip"),
        "ja4": ("ja4", "ja4_fingerprint", "tls_ja4", "tls_ja4_fingerprint", "tls_client_ja4", "@x-ja4"),
        "user_agent": ("user_agent", "http_user_agent", "request_user_agent", "useragent", "@user-agent"),
        "stainless": ("stainless", "x_stainless"),
        "asn": ("asn", "client_asn", "as_number", "client_as_number"),
        "network_class": ("network_class", "class", "ip_class"),
        "region": ("region", "country", "client_country", "country_code", "geo_country_code"),
        "time": ("time", "timestamp", "@timestamp", "ts", "datetime", "date_time"),
    },
    blind_spots="Columns with other names; name them in a mapping.",
)
