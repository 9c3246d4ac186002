"""Envoy's access log, and Istio's: JSON with any of its usual names, or the default text."""

from __future__ import annotations

import re

from stillwatch.ingest.edges.names import EdgeNames

QUOTED = r'"[^"]*"'
HEADERS = (
    r'"(?P<x_forwarded_for>[^"]*)" "(?P<user_agent>(?:[^"\\]|\\.)*)" '
    rf'"(?P<x_request_id>[^"]*)" {QUOTED} {QUOTED}'
)
ENVOY = EdgeNames(
    title="Envoy and Istio, JSON or default text",
    source="envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
    columns={
        "peer": ("downstream_remote_address", "downstream_direct_remote_address"),
        "client": ("x-envoy-external-address",),
        "time": ("start_time",),
    },
    blind_spots="JA4 only with %TLS_JA4_FINGERPRINT%, in a field named ja4.",
    lines=(
        re.compile(rf'\[(?P<start_time>[^\]]+)\] "[^"]*" \d+ \S+ \d+ \d+ \d+ \S+ {HEADERS}'),
        re.compile(
            rf'\[(?P<start_time>[^\]]+)\] "[^"]*" \d+ \S+ \S+ \S+ "[^"]*" \d+ \d+ \d+ \S+ {HEADERS}'
            r" \S+ \S+ \S+ (?P<downstream_remote_address>\S+) .*"
        ),
    ),
)
