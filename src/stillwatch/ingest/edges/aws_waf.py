"""The log of AWS WAF, JSON."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

AWS_WAF = EdgeNames(
    title="AWS WAF, JSON",
    source="docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html",
    columns={
        "request_id": ("httpRequest.requestId",),
        "peer": ("httpRequest.clientIp",),
        "ja4": ("ja4Fingerprint", "httpRequest.ja4Fingerprint"),
        "region": ("httpRequest.country",),
        "asn": ("clientAsn", "httpRequest.clientAsn"),
    },
    blind_spots="Only requests that a web ACL saw; headers may be redacted by its logging filter.",
)
