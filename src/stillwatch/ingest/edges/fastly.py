"""Fastly's log streaming, with the names of its documented JSON formats."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

FASTLY = EdgeNames(
    title="Fastly, JSON",
    source="fastly.com/documentation/guides/integrations/logging-endpoints/",
    columns={
        "client": ("fastly_client_ip", "req_http_fastly_client_ip"),
        "ja4": ("tls_client_ja4_hash",),
        "region": ("geo_country", "client_geo_country", "geo_client_country"),
        "asn": ("client_as", "geo_asn"),
    },
    blind_spots="The log's names are the operator's own; others than these need a mapping.",
)
