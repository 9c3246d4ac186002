"""The access log of an AWS Application Load Balancer."""

from __future__ import annotations

import re

from stillwatch.ingest.edges.names import EdgeNames

AWS_ALB = EdgeNames(
    title="AWS Application Load Balancer, access log",
    source="docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
    columns={"request_id": ("alb_trace_id", "alb_trace_root"), "peer": ("client_port",)},
    blind_spots="No header but the user agent: the provider's log must carry X-Amzn-Trace-Id. No JA4.",
    lines=(
        re.compile(
            r"(?:https?|h2|grpcs|wss?) (?P<time>\S+Z) \S+ (?P<client_port>\S+) \S+ "
            r"(?:-?[\d.]+|-) (?:-?[\d.]+|-) (?:-?[\d.]+|-) \S+ \S+ \S+ \S+ "
            r'"(?:[^"\\]|\\.)*" "(?P<user_agent>(?:[^"\\]|\\.)*)" \S+ \S+ \S+ '
            r'"(?P<alb_trace_id>(?:Self=[^;"]*;)?(?:Root=)?(?P<alb_trace_root>1-[0-9a-f]{8}-[0-9a-f]{24})?[^"]*)".*'
        ),
    ),
)
