"""Cloudflare Logpush, data set http_requests."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

CLOUDFLARE_LOGPUSH = EdgeNames(
    title="Cloudflare Logpush, http_requests",
    source="developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
    columns={
        "request_id": ("RayID", "cf_ray", "http_cf_ray", "@cf-ray"),
        "client": ("ClientIP",),
        "ja4": ("JA4",),
        "user_agent": ("ClientRequestUserAgent",),
        "asn": ("ClientASN",),
        "region": ("ClientCountry",),
        "time": ("EdgeStartTimestamp",),
    },
    blind_spots="x-request-id only where it is among the custom fields; JA4 needs Bot Management.",
)
