"""What a guard does, counted for Prometheus. No account, campaign or model is ever a label."""

from __future__ import annotations

import math
import os
from typing import Any

from stillwatch.errors import MissingExtra
from stillwatch.guard.opened import Health
from stillwatch.guard.request import Decision

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
except ImportError as error:
    raise MissingExtra("the service needs prometheus-client", do="pip install 'stillwatch[guard]'") from error

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable by which prometheus-client lets several processes count together."""
KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.25, 1.0)
"""Bounds of the histogram."""


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        self._decisions = Counter(
            "stillwatch_guard_decisions",
            "Decisions, by what was answered, the hardest step taken, the stage of its rule, and why less "
            "was done than policy says.",
            ("answer", "step", "stage", "held_back"),
            registry=own,
        )
        self._shadow = Counter(
            "stillwatch_guard_shadow", "Rules in shadow that would have acted.", ("step",), registry=own
        )
        self._latency = Histogram(
            "stillwatch_guard_decision_seconds", "Time of a decision.", buckets=SECONDS, registry=own
        )
        self._calls = Counter(
            "stillwatch_guard_calls", "Calls of the service.", ("call", "status"), registry=own
        )
        self._faults = Counter("stillwatch_guard_faults", "Faults of the guard itself.", registry=own)
        self._fresh = self._gauge("fresh", "1 if the state may be decided on.", "livemin")
        self._age = self._gauge("state_age_seconds", "Age of the snapshot.", "livemax")
        self._waiting = self._gauge("records_waiting", "Records not written yet.", "livesum")
        self._lost = self._gauge("records_lost", "Records given up.", "livesum")
        self._budgets = self._gauge("budgets", "1 for the mode that the budgets are in.", "livemax", "mode")
        self._problems = self._gauge("problems", "Problems since the start, by kind.", "livemax", "kind")
        self._series: dict[tuple[str, ...], Any] = {}
        self._modes: set[str] = set()

    def _gauge(self, name: str, says: str, together: Any, *labels: str) -> Gauge:
        return Gauge(
            f"stillwatch_guard_{name}", says, labels, registry=self._registry, multiprocess_mode=together
        )

    def decided(self, decision: Decision) -> None:
        """Count a decision."""
        stage = decision.fired[0].stage.value if decision.fired else ""
        labels = (
            decision.answer.value,
            decision.action.step.name.lower(),
            stage,
            decision.held_back.value,
        )
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = self._decisions.labels(*labels)
        series.inc()
        self._latency.observe(decision.latency_ns / 1e9)
        for one in decision.shadow:
            self._shadow.labels(one.action.step.name.lower()).inc()

    def called(self, call: str, status: int) -> None:
        """Count a call. call: one of the service's own paths, or `other`."""
        key = (call, str(status))
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._calls.labels(*key)
        series.inc()

    def fault(self) -> None:
        """Count a fault of the guard itself."""
        self._faults.inc()

    def healthy(self, health: Health) -> None:
        """Take over how the guard is."""
        self._fresh.set(health.fresh)
        if not math.isnan(health.age_s):
            self._age.set(health.age_s)
        self._waiting.set(health.waiting)
        self._lost.set(health.lost)
        self._modes.add(health.budgets)
        for mode in self._modes:
            self._budgets.labels(mode).set(mode == health.budgets)
        for kind, count in health.problems.items():
            self._problems.labels(kind).set(count)

    def page(self) -> bytes:
        """The page that Prometheus reads; of all processes together where there are several."""
        return page_of_all() if FOLDER in os.environ else generate_latest(self._registry)


def page_of_all() -> bytes:
    """The page of all processes that count together."""
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def gone(pid: int) -> None:
    """Forget the gauges of a process that has ended."""
    if FOLDER in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
