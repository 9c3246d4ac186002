"""Google Cloud's external Application Load Balancer, with Cloud Armor, as Cloud Logging exports it."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

GCP_LOAD_BALANCER = EdgeNames(
    title="Google Cloud load balancer and Cloud Armor, Cloud Logging JSON",
    source="cloud.google.com/load-balancing/docs/https/https-logging-monitoring",
    columns={
        "request_id": ("trace", "httpRequest.requestId"),
        "client": ("httpRequest.remoteIp", "jsonPayload.remoteIp"),
        "ja4": (
            "jsonPayload.securityPolicyRequestData.tlsJa4Fingerprint",
            "jsonPayload.tlsJa4Fingerprint",
        ),
        "user_agent": ("httpRequest.userAgent",),
        "asn": ("jsonPayload.securityPolicyRequestData.remoteIpInfo.asn",),
        "region": ("jsonPayload.securityPolicyRequestData.remoteIpInfo.regionCode",),
    },
    blind_spots="No header: the provider's log must carry the trace id of X-Cloud-Trace-Context or "
    "traceparent.",
)
