"""The access logs of nginx and Apache: text as combined, or JSON with nginx's variables."""

from __future__ import annotations

import re

from stillwatch.ingest.edges.names import EdgeNames

QUOTED = r'"(?:[^"\\]|\\.)*"'
ID = r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""$request_id of nginx, and a UUID."""
NGINX = EdgeNames(
    title="nginx and Apache, combined text or JSON",
    source="nginx.org/en/docs/http/ngx_http_log_module.html, httpd.apache.org/docs/2.4/logs.html",
    columns={
        "request_id": ("upstream_http_x_request_id", "sent_http_x_request_id", "unique_id"),
        "peer": ("realip_remote_addr",),
        "time": ("time_local", "time_iso8601", "msec"),
    },
    blind_spots="The request id only with $request_id in the log_format (%{UNIQUE_ID}e in Apache). No JA4 of "
    "its own.",
    lines=(
        re.compile(
            rf"(?P<remote_addr>\S+) \S+ (?P<remote_user>\S+|{QUOTED}) \[(?P<time_local>[^\]]+)\] {QUOTED} "
            rf'(?:\d+|-) (?:\d+|-) {QUOTED} "(?P<http_user_agent>(?:[^"\\]|\\.)*)"'
            rf'(?: "(?P<http_x_forwarded_for>[^"]*)")?(?:.*?[ "](?P<request_id>{ID})"?)?.*',
            re.IGNORECASE,
        ),
    ),
)
