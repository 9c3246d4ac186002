"""Figures of a hub for Prometheus. No label names a member, an address or anything that was shared."""

from __future__ import annotations

import re

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

KIND = CONTENT_TYPE_LATEST
_PART = re.compile(r"/(taxii2|private|hub/log|hub)(?:/|$)")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")


class HubMetrics:
    """What one process counted."""

    def __init__(self) -> None:
        """All from 0."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "stillwatch_hub_requests", "Requests.", ("part", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "stillwatch_hub_request_seconds", "Time of a request.", ("part",), registry=self.registry
        )
        self._refused = Counter(
            "stillwatch_hub_sign_ins_failed", "Sign-ins that failed.", registry=self.registry
        )
        self._entries = Gauge("stillwatch_hub_log_entries", "Entries of the log.", registry=self.registry)
        self._members = Gauge("stillwatch_hub_members", "Members.", registry=self.registry)
        self._behind = Gauge(
            "stillwatch_hub_log_entries_not_cosigned",
            "Entries after the newest checkpoint that any member cosigned.",
            registry=self.registry,
        )

    def answered(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count an answer. A path is counted by its part: strangers choose paths."""
        found = _PART.match(path)
        part = found[1].replace("/", "_") if found else "other"
        self._requests.labels(part, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(part).observe(seconds)

    def refused(self) -> None:
        """Count a sign-in that failed."""
        self._refused.inc()

    def text(self, entries: int, members: int, cosigned: int) -> bytes:
        """Return the page. cosigned: entries under the newest cosigned checkpoint."""
        self._entries.set(entries)
        self._members.set(members)
        self._behind.set(entries - cosigned)
        return generate_latest(self.registry)
