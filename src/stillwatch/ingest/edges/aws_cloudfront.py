"""The standard log of AWS CloudFront: W3C text, JSON or Parquet."""

from __future__ import annotations

from stillwatch.ingest.edges.names import EdgeNames

AWS_CLOUDFRONT = EdgeNames(
    title="AWS CloudFront, standard log (text, JSON, Parquet)",
    source="docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
    columns={
        "request_id": ("x-edge-request-id",),
        "client": ("c-ip",),
        "user_agent": ("cs(User-Agent)", "cs-user-agent", "cs_user_agent"),
        "region": ("c-country",),
        "time": ("timestamp(ms)", "date"),
    },
    blind_spots="The id is that of the header X-Amz-Cf-Id, which the provider's log must carry. No JA4.",
)
