"""Logs of edges (load balancers, CDNs, web servers): one file each, put together here."""

from __future__ import annotations

from stillwatch.ingest.edges.akamai import AKAMAI
from stillwatch.ingest.edges.aws_alb import AWS_ALB
from stillwatch.ingest.edges.aws_cloudfront import AWS_CLOUDFRONT
from stillwatch.ingest.edges.aws_waf import AWS_WAF
from stillwatch.ingest.edges.cloudflare_logpush import CLOUDFLARE_LOGPUSH
from stillwatch.ingest.edges.envoy import ENVOY
from stillwatch.ingest.edges.fastly import FASTLY
from stillwatch.ingest.edges.gcp_load_balancer import GCP_LOAD_BALANCER
from stillwatch.ingest.edges.names import COLUMNS, EdgeNames
from stillwatch.ingest.edges.nginx import NGINX
from stillwatch.ingest.edges.plain import PLAIN

EDGES = (
    PLAIN,
    NGINX,
    ENVOY,
    AWS_ALB,
    AWS_WAF,
    AWS_CLOUDFRONT,
    CLOUDFLARE_LOGPUSH,
    GCP_LOAD_BALANCER,
    FASTLY,
    AKAMAI,
)
"""All kinds. A file may mix their names, since many edges let the operator choose them."""
ALIASES: dict[str, tuple[str, ...]] = {
    ours: tuple(dict.fromkeys(name for edge in EDGES for name in edge.columns.get(ours, ())))
    for ours in COLUMNS
}

__all__ = ["ALIASES", "EDGES", "EdgeNames"]
