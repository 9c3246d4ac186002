"""Akamai DataStream 2, JSON."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

AKAMAI = EdgeNames(
    title="Akamai DataStream 2, JSON",
    source="techdocs.akamai.com/datastream2/docs/data-set-parameters",
    columns={
        "request_id": ("reqId",),
        "client": ("cliIP",),
        "user_agent": ("UA",),
        "time": ("reqTimeSec",),
    },
    blind_spots="The request id is Akamai's own; the provider's log must carry it. No JA4.",
)
